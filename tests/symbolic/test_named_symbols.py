"""Functions of scripts name tensors and variables beside what they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch.errors import InvalidArgument
from convdispatch.keras2 import backend as K
from convdispatch.keras2.layers import Dense, Input, Layer
from convdispatch.keras2.models import Model, Sequential
from convdispatch.keras2.optimizers import SGD

X = np.arange(12, dtype="float32").reshape(4, 3) / 10


def test_a_loss_multiplies_by_a_variable_of_its_own(backend_name: str) -> None:
    """Left and right of each operator, while it is differentiated; by hand."""
    with convdispatch.use_backend(backend_name):
        weights = K.variable(np.array([1.0, 2.0]))

        def loss(y_true: Any, y_pred: Any) -> Any:
            apart = (y_pred - y_true) * weights + weights * (y_pred - y_true)
            return K.sum(apart / weights + (y_pred - weights) + (weights - y_pred), axis=-1)

        model = Sequential([Dense(2, input_shape=(3,), kernel_initializer="ones")])
        model.compile(SGD(lr=1.0), loss)
        assert model.train_on_batch(np.ones((2, 3)), np.ones((2, 2))) == pytest.approx(8.0)
        kernel, bias = model.get_weights()  # the slope of each output is 2
        np.testing.assert_allclose(kernel, np.full((3, 2), -1.0))
        np.testing.assert_allclose(bias, np.full(2, -2.0))


def _autoencoder() -> tuple[Any, Any]:
    x = Input((3,))
    mean = Dense(2, kernel_initializer="ones", name="z_mean")(x)
    decoded = Dense(3, kernel_initializer="ones")(mean)

    class Penalty(Layer):  # type: ignore[misc, unused-ignore]
        """As the last layer of Keras 2.0's variational autoencoders."""

        def call(self, inputs: Any) -> Any:
            """Add a loss of the inputs and of a tensor that is none of them."""
            given, found = inputs
            self.add_loss(K.mean(K.square(given - found)) + K.sum(K.square(mean)), inputs=inputs)
            return given

    return Model(x, Penalty()([x, decoded])), x


def test_a_layer_names_tensors_of_its_model(backend_name: str) -> None:
    """Its loss is the model's only one, and is differentiated through them."""
    with convdispatch.use_backend(backend_name):
        model, _ = _autoencoder()
        model.compile(SGD(lr=0.01), loss=None)
        mean = X.sum(1, keepdims=True).repeat(2, 1)
        wanted = np.mean((X - mean.sum(1, keepdims=True)) ** 2) + np.sum(mean**2)
        history = model.fit(X, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
        np.testing.assert_allclose(history[0], wanted, rtol=1e-5)
        assert history[1] < history[0]
        np.testing.assert_allclose(model.predict(X), X)


def test_such_a_layer_needs_symbols() -> None:
    """Arrays alone do not say what the tensor is."""
    mean = Dense(2)(Input((3,)))

    class Plus(Layer):  # type: ignore[misc, unused-ignore]
        """Adds what it was not given."""

        def call(self, inputs: Any) -> Any:
            """Return a sum."""
            return inputs + mean

    with pytest.raises(InvalidArgument, match="are not among its inputs"):
        Plus()(np.ones((4, 2)))


def test_results_of_functions_may_be_changed(backend_name: str) -> None:
    """Scripts weigh the maps of a network in place."""
    with convdispatch.use_backend(backend_name):
        x = Input((3,))
        maps = K.function([x], [Dense(2, kernel_initializer="ones")(x)])([X])[0]
        maps[:, 1] *= 2.0
        np.testing.assert_allclose(maps[:, 1], 2 * X.sum(1), rtol=1e-6)
