"""A small model, its data and small layers, for the tests of models and layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import convdispatch
from convdispatch import layers
from convdispatch.models import Sequential

X = np.random.default_rng(0).normal(size=(5, 8, 8, 2)).astype("float32")


def two_layers(**options: Any) -> Sequential:
    """Make a model of two convolutions, with weights."""
    convdispatch.set_random_seed(0)
    model = Sequential(name="model", **options)
    model.add(layers.Conv2D(3, 3, activation="tanh", input_shape=(8, 8, 2), name="first"))
    model.add(layers.Conv2D(4, 2, strides=2, trainable=False, name="second"))
    return model


def outputs(model: Sequential, x: Any = X) -> Any:
    """Return what the model gives for x, in NumPy."""
    return convdispatch.to_numpy(model(x))


def conv(**options: Any) -> layers.Conv1D:
    """Make a built layer that returns its input."""
    weights = [np.ones((1, 1, 1)), np.zeros(1)]
    layer = layers.Conv1D(1, 1, **{"weights": weights, "name": "c", "backend": "numpy"} | options)
    layer.build((None, 4, 1))
    return layer


class Doubled(layers.Conv2D):
    """A user's layer: a convolution with twice the filters, whose output is then doubled."""

    def __init__(self, half: int, kernel_size: Any, **options: Any) -> None:
        super().__init__(2 * half, kernel_size, **options)
        self.half = half

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["filters"]
        return config | {"half": self.half}
