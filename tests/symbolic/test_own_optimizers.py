"""Optimizers whose `get_updates` scripts define change weights by their rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidType
from convdispatch.keras2 import backend as K

X = np.random.default_rng(3).normal(size=(6, 3)).astype("float32")
Y = np.ones((6, 2), "float32")


class Momentum(keras2.optimizers.Optimizer):
    """Gradient descent with momentum and decay, as Keras 2 writes it."""

    def __init__(self, lr: float = 0.01, momentum: float = 0.0, **options: Any) -> None:
        super().__init__(**options)
        with K.name_scope(type(self).__name__):
            self.iterations = K.variable(0, dtype="int64", name="iterations")
            self.lr = K.variable(lr, name="lr")
            self.momentum = K.variable(momentum, name="momentum")

    def get_updates(self, loss: Any, params: Any) -> Any:
        """Return the updates."""
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        lr = self.lr * (1.0 / (1.0 + 0.5 * K.cast(self.iterations, K.floatx())))
        moments = [K.zeros(K.int_shape(p)) for p in params]
        self.weights = [self.iterations, *moments]
        for p, g, m in zip(params, grads, moments, strict=True):
            v = self.momentum * m - lr * g
            self.updates.append(K.update(m, v))
            self.updates.append(K.update(p, p + v))
        return self.updates


class Descent(keras1.optimizers.Optimizer):
    """Gradient descent, as Keras 1 writes it."""

    def __init__(self, lr: float = 0.01, **options: Any) -> None:
        super().__init__(**options)
        self.lr = K.variable(lr)

    def get_updates(self, params: Any, constraints: Any, loss: Any) -> Any:
        """Return the updates."""
        grads = self.get_gradients(loss, params)
        self.updates = []
        for p, g in zip(params, grads, strict=True):
            new = p - self.lr * g
            if p in constraints:
                new = constraints[p](new)
            self.updates.append(K.update(p, new))
        return self.updates


def model_of(kernel: Any) -> Any:
    """Return a model with one kernel."""
    return keras2.models.Sequential(
        [keras2.layers.Dense(2, use_bias=False, input_shape=(3,), weights=[kernel])]
    )


def slope(kernel: Any) -> Any:
    """Return the derivative of the mean squared error."""
    return 2 * X.T @ (X @ kernel - Y) / Y.size


def test_momentum_moves_weights_as_by_hand(backend_name: str) -> None:
    """Three steps, between which the rate is set."""
    with convdispatch.use_backend(backend_name):
        kernel = np.full((3, 2), 0.5)
        model = model_of(kernel)
        model.compile(Momentum(lr=0.2, momentum=0.9), "mse")
        velocity = np.zeros_like(kernel)
        for step, rate in enumerate([0.2, 0.2, 0.1]):
            K.set_value(model.optimizer.lr, rate)
            model.train_on_batch(X, Y)
            velocity = 0.9 * velocity - rate / (1 + 0.5 * step) * slope(kernel)
            kernel = kernel + velocity
        np.testing.assert_allclose(model.get_weights()[0], kernel, rtol=1e-4, atol=1e-5)


def test_an_optimizer_of_keras_1_clips_its_gradients() -> None:
    """By their common norm."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    kernel = np.full((3, 2), 2.0)
    model = model_of(kernel)
    model.compile(Descent(lr=0.5, clipnorm=0.25), "mse")
    model.train_on_batch(X, Y)
    found = slope(kernel)
    wanted = kernel - 0.5 * found * 0.25 / np.sqrt((found**2).sum())
    np.testing.assert_allclose(model.get_weights()[0], wanted, rtol=1e-4, atol=1e-5)


class Unnamed(keras1.optimizers.Optimizer):
    """Descent whose arguments have other names than Keras's."""

    def __init__(self, lr: float = 0.5, **options: Any) -> None:
        super().__init__(**options)
        self.lr = K.variable(lr)

    def get_updates(self, p: Any, c: Any, cost: Any) -> Any:
        """Return the updates."""
        pairs = zip(p, self.get_gradients(cost, p), strict=True)
        return [K.update(one, one - self.lr * slope) for one, slope in pairs]

    def get_config(self) -> dict[str, Any]:
        """Return the rate."""
        return {"lr": float(K.get_value(self.lr))}


def test_an_optimizer_s_class_is_in_a_file_and_its_variables_are_not(tmp_path: Path) -> None:
    """A warning says so; Keras 1 gave the arguments by their places."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    kernel = np.full((3, 2), 2.0)
    model = model_of(kernel)
    model.compile(Unnamed(), "mse")
    model.train_on_batch(X, Y)
    wanted = kernel - 0.5 * slope(kernel)
    np.testing.assert_allclose(model.get_weights()[0], wanted, rtol=1e-4, atol=1e-5)
    with pytest.warns(UserWarning, match="holds no variables of Unnamed"):
        model.save(tmp_path / "m.h5")
    loaded = keras2.models.load_model(tmp_path / "m.h5", {"Unnamed": Unnamed})
    assert type(loaded.optimizer) is Unnamed
    loaded.train_on_batch(X, Y)
    wanted = wanted - 0.5 * slope(wanted)
    np.testing.assert_allclose(loaded.get_weights()[0], wanted, rtol=1e-4, atol=1e-4)


class Wrong(keras2.optimizers.Optimizer):
    """An optimizer that returns numbers."""

    def get_updates(self, loss: Any, params: Any) -> Any:
        """Return no updates."""
        return [1.0]


def test_what_is_no_update_is_refused() -> None:
    """With the type of what was returned."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = model_of(np.zeros((3, 2)))
    model.compile(Wrong(), "mse")
    with pytest.raises(InvalidType, match=r"`get_updates` of Wrong must .* received float"):
        model.train_on_batch(X, Y)
