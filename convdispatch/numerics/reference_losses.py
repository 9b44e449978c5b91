"""Losses as their definitions say, in float64: what training on a backend is compared with.

Plain NumPy, without the care that keeps a logarithm finite: for predictions between 0 and 1. NumPy
alone may be imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Loss: TypeAlias = Callable[[Array, Array], float]  # (targets, predictions) -> the mean


def _categorical_crossentropy(t: Array, p: Array) -> float:
    shares = p / p.sum(-1, keepdims=True)
    return float(-(t * np.log(shares)).sum(-1).mean())


def _sparse_categorical_crossentropy(t: Array, p: Array) -> float:
    return _categorical_crossentropy(np.eye(p.shape[-1])[t.astype(int)], p)


def _huber(t: Array, p: Array) -> float:
    size = np.abs(p - t)
    return float(np.where(size <= 1, size**2 / 2, size - 0.5).mean())


def _categorical_hinge(t: Array, p: Array) -> float:
    wrong, right = ((1 - t) * p).max(-1), (t * p).sum(-1)
    return float(np.maximum(wrong - right + 1, 0).mean())


def _cosine_similarity(t: Array, p: Array) -> float:
    lengths = np.linalg.norm(t, axis=-1) * np.linalg.norm(p, axis=-1)
    return float(-((t * p).sum(-1) / lengths).mean())


def _smoothed(t: Array, share: float, classes: float) -> Array:
    return t * (1 - share) + share / classes


def _binary_of_logits(t: Array, p: Array) -> float:
    t = _smoothed(t, 0.25, 2)
    return float((np.log1p(np.exp(p)) - t * p).mean())


def _categorical_of_logits(t: Array, p: Array) -> float:
    return _categorical_crossentropy(_smoothed(t, 0.25, t.shape[-1]), np.exp(p))


def _near_huber(t: Array, p: Array) -> float:
    size, delta = np.abs(p - t), 0.25
    return float(np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)).mean())


_LOGITS = {"from_logits": True, "label_smoothing": 0.25}
# Losses of other Kerases and with parameters: the Keras, the name, the parameters, the formula.
VARIANTS: Mapping[str, tuple[str, str, Mapping[str, Any], Loss]] = {
    "old_cosine_proximity": (
        "keras1",
        "cosine_proximity",
        {},
        lambda t, p: _cosine_similarity(t, p) / t.shape[-1],
    ),
    "binary_crossentropy_of_logits": ("keras3", "binary_crossentropy", _LOGITS, _binary_of_logits),
    "categorical_crossentropy_of_logits": (
        "keras3",
        "categorical_crossentropy",
        _LOGITS,
        _categorical_of_logits,
    ),
    "huber_near": ("keras3", "huber", {"delta": 0.25}, _near_huber),
}

LOSSES: Mapping[str, Loss] = {
    **{name: formula for name, (_, _, _, formula) in VARIANTS.items()},
    "mean_squared_error": lambda t, p: float(((t - p) ** 2).mean()),
    "mean_absolute_error": lambda t, p: float(np.abs(t - p).mean()),
    "mean_absolute_percentage_error": lambda t, p: float(100 * np.abs((t - p) / t).mean()),
    "mean_squared_logarithmic_error": lambda t, p: float(
        ((np.log(1 + t) - np.log(1 + p)) ** 2).mean()
    ),
    "hinge": lambda t, p: float(np.maximum(1 - t * p, 0).mean()),
    "squared_hinge": lambda t, p: float((np.maximum(1 - t * p, 0) ** 2).mean()),
    "categorical_hinge": _categorical_hinge,
    "log_cosh": lambda t, p: float(np.log(np.cosh(p - t)).mean()),
    "huber": _huber,
    "kl_divergence": lambda t, p: float((t * np.log(t / p)).sum(-1).mean()),
    "poisson": lambda t, p: float((p - t * np.log(p)).mean()),
    "cosine_similarity": _cosine_similarity,
    "binary_crossentropy": lambda t, p: float(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()),
    "categorical_crossentropy": _categorical_crossentropy,
    "sparse_categorical_crossentropy": _sparse_categorical_crossentropy,
}


def slopes(name: str, targets: Array, predictions: Array) -> Array:
    """Return the gradient for the predictions: stated, or by differences of the fourth order.

    Differences are good to about nine digits.

    >>> slopes("log_cosh", np.zeros((1, 2)), np.array([[0.0, 20.0]])).round(9)
    array([[0. , 0.5]])
    """
    if name == "mean_squared_error":
        return 2 * (predictions - targets) / predictions.size
    width, found = 1e-4, np.zeros_like(predictions)
    for index in np.ndindex(predictions.shape):
        values = []
        for places in (-2, -1, 1, 2):
            moved = predictions.copy()
            moved[index] += places * width
            values.append(LOSSES[name](targets, moved))
        found[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * width)
    return found
