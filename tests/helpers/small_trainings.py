"""A small problem of two classes and a model for it, in the words of each Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch import callbacks, keras1, keras2, layers, models

_DRAWN = np.random.default_rng(0)
X = _DRAWN.normal(size=(24, 6)).astype("float32")
CLASSES = (X[:, 0] + X[:, 1] > 0).astype("int64")
CODES = np.eye(2, dtype="float32")[CLASSES]
# Fixed weights, so that no test depends on how weights are drawn.
START = [
    _DRAWN.normal(size=(6, 5)).astype("float32"),
    np.zeros(5, "float32"),
    _DRAWN.normal(size=(5, 2)).astype("float32"),
    np.zeros(2, "float32"),
]
DOORS: dict[str, tuple[Any, Any]] = {
    "keras1": (keras1.models.Sequential, keras1.layers),
    "keras2": (keras2.models.Sequential, keras2.layers),
    "keras3": (models.Sequential, layers),
}


def classifier(door: str = "keras2", backend: str | None = None, **compiled: Any) -> Any:
    """Return a compiled model of two dense layers with the fixed weights."""
    sequential, of_door = DOORS[door]
    model = sequential(
        [
            of_door.Dense(5, activation="tanh", input_shape=(6,), name="hidden"),
            of_door.Dense(2, activation="softmax", name="classes"),
        ],
        backend=backend,
    )
    model.set_weights(START)
    model.compile(
        **{"optimizer": "sgd", "loss": "categorical_crossentropy", "metrics": ["accuracy"]}
        | compiled
    )
    return model


def losses_by_hand(weights: list[Any], x: Any, codes: Any, rate: float = 0.01) -> float:
    """Make one step of gradient descent in NumPy, in place; return the loss before it."""
    kernel, bias, second, offset = weights
    hidden = np.tanh(x @ kernel + bias)
    scores = np.exp(hidden @ second + offset)
    found = scores / scores.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(codes * np.log(found), axis=1))
    error = (found - codes) / len(x)
    back = (error @ second.T) * (1 - hidden**2)
    for weight, gradient in (
        (kernel, x.T @ back),
        (bias, back.sum(axis=0)),
        (second, hidden.T @ error),
        (offset, error.sum(axis=0)),
    ):
        weight -= rate * gradient
    return float(loss)


class Reported(callbacks.Callback):
    """Replaces what the epochs report by the given numbers, and sees what later ones are told."""

    def __init__(self, name: str, values: list[float]) -> None:
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the next number."""
        logs[self.name] = self.values[epoch]
