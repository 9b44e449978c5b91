"""How many samples are found and how many are not, for each of several thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument
from convdispatch.formulas import lookup
from convdispatch.formulas.metric_bases import weighed
from convdispatch.ops import Backend

# Below every prediction: what is not among the `top_k`, and the threshold that all others pass.
NOTHING = -1e10


def counts(
    backend: Backend,
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    *,
    weights: Any = None,
    label_weights: Any = None,
    of_each_label: bool = False,
) -> Any:
    """Return true and false positives, then false and true negatives, for each threshold.

    A sample is found where its prediction is greater than the threshold. Targets are true where
    they are not 0. of_each_label: whether the columns of predictions are counted apart.
    """
    f: Any = backend.functions
    dtype = backend.describe(y_pred)[1]
    weight = weighed(backend, weights, y_pred)
    if label_weights is not None:
        weight = weight * backend.asarray(np.asarray(label_weights), dtype)
    is_true: Any = backend.cast(f["not_equal"](y_true, 0), dtype)
    parts = f["stack"]([is_true * weight, (1 - is_true) * weight], 0)
    pred, limits = _compared(backend, y_pred, thresholds, dtype)
    if not of_each_label:
        rows = f["reshape"](parts, (2, -1))
        is_found = f["greater"](f["reshape"](pred, (-1, 1)), limits)
        found = f["matmul"](rows, backend.cast(is_found, dtype))
        missed = f["sum"](rows, axis=(1,), keepdims=True) - found
    else:  # (2, samples, 1, labels) and (samples, thresholds, labels)
        (samples, labels) = f["shape"](pred)
        columns = f["reshape"](limits, (1, -1, 1))
        is_found = f["greater"](f["reshape"](pred, (samples, 1, labels)), columns)
        rows = f["reshape"](parts, (2, samples, 1, labels))
        found = f["sum"](rows * backend.cast(is_found, dtype), axis=(1,))
        missed = f["sum"](rows, axis=(1,)) - found
    return f["concatenate"]([found, missed], 0)


def _compared(
    backend: Backend, y_pred: Any, thresholds: Sequence[float], dtype: str
) -> tuple[Any, Any]:
    """Return predictions and the numbers that they are compared with.

    As in Keras, even thresholds are compared with clipped predictions times the number of steps.
    """
    f: Any = backend.functions
    if not is_even(thresholds):
        return y_pred, backend.asarray(np.asarray(thresholds)[None], dtype)
    steps = np.arange(len(thresholds), dtype=np.float64)
    if thresholds[0] < 0:
        steps[0] = -1
    return f["clip"](y_pred, 0.0, 1.0) * (len(thresholds) - 1), backend.asarray(steps[None], dtype)


def is_even(thresholds: Sequence[float]) -> bool:
    """Return whether these are at least three, in equal steps from 0 to 1."""
    count = len(thresholds)
    inner = np.clip(thresholds, 0.0, 1.0)
    return count >= 3 and np.allclose(inner, np.arange(count) / (count - 1), atol=1e-7)


def of_top_k(backend: Backend, y_pred: Any, k: int) -> Any:
    """Return predictions with `NOTHING` in place of all but the k greatest of each row."""
    f: Any = backend.functions
    depth = y_pred.shape[-1]
    left, kept = y_pred, f["less"](y_pred, -np.inf)
    for _ in range(min(k, depth)):
        greatest = f["one_hot"](f["argmax"](left, -1), depth, "bool")
        kept = f["where"](greatest, f["equal"](y_pred, y_pred), kept)
        left = f["where"](greatest, -np.inf, left)
    return f["where"](kept, y_pred, NOTHING)


def of_class(tensor: Any, f: Any, place: int) -> Any:
    """Return one place of the last axis, which stays."""
    return f["take"](tensor, np.array([place]), -1)


def as_thresholds(given: Any, default: float = 0.5) -> list[float]:
    """Return one threshold or several, each from 0 to 1, as a list; the default for None."""
    if given is None:
        return [default]
    listed = list(given) if isinstance(given, list | tuple | np.ndarray) else [given]
    found = [lookup.number(one, "thresholds") for one in listed]
    if not found or not all(0 <= one <= 1 for one in found):
        raise InvalidArgument(
            f"`thresholds` must be numbers from 0 to 1, received {given!r}. Pass one or a list."
        )
    return found


def as_part(value: Any, name: str) -> float:
    """Return a number from 0 to 1; raise for another."""
    found = lookup.number(value, name)
    if not 0 <= found <= 1:
        raise InvalidArgument(f"`{name}` must be from 0 to 1, received {value!r}. Pass such one.")
    return found
