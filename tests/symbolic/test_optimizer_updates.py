"""Scripts that train by `K.function` get an optimizer's updates, as from `get_updates` of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidType
from convdispatch.keras2 import backend as K
from convdispatch.keras2 import optimizers

X = np.arange(12, dtype="float32").reshape(3, 4) / 10
Y = np.ones((3, 2), "float32")
RULES: dict[str, Any] = {
    "SGD": lambda door: door.SGD(lr=0.1, momentum=0.9, decay=0.1),
    "Adam": lambda door: door.Adam(lr=0.1, clipnorm=0.5),
    "RMSprop": lambda door: door.RMSprop(lr=0.1),
    "Nadam": lambda door: door.Nadam(lr=0.1),
}


def _model(rule: Any) -> Any:
    dense = keras2.layers.Dense(
        2, input_shape=(4,), kernel_initializer="ones", kernel_constraint="nonneg"
    )
    model = keras2.models.Sequential([dense])
    model.compile(rule, "mse")
    return model


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("is_old", [False, True], ids=["keras2", "keras1"])
def test_updates_are_those_of_training(backend_name: str, name: str, is_old: bool) -> None:
    """Weights, losses and what the rule remembers, after a change of the rate, too."""
    with convdispatch.use_backend(backend_name):
        door = keras1.optimizers if is_old else optimizers
        own, trained = RULES[name](door), _model(RULES[name](door))
        model = _model("sgd")
        wanted = K.placeholder((None, 2))
        loss = K.mean(K.square(wanted - model.output))
        given = (model.trainable_weights, [], loss) if is_old else (loss, model.trainable_weights)
        train = K.function([model.input, wanted], [loss], updates=own.get_updates(*given))
        for step in range(3):
            if step == 2:
                K.set_value(own.lr, 0.01)
                K.set_value(trained.optimizer.lr, 0.01)
            found = train([X, Y])[0]
            np.testing.assert_allclose(found, trained.train_on_batch(X, Y), rtol=1e-5)
        for got, expected in zip(model.get_weights(), trained.get_weights(), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_sgd_by_hand() -> None:
    """A weight less the rate times its derivative."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    weight = K.variable([2.0, -1.0])
    loss = K.sum(K.square(weight))
    K.function([], [loss], updates=optimizers.SGD(lr=0.25).get_updates(loss, [weight]))([])
    np.testing.assert_allclose(K.get_value(weight), [1.0, -0.5])


def test_calls_of_neither_keras_are_refused() -> None:
    """The error says what both take; a rule of a script's own has another base."""
    with pytest.raises(InvalidType, match=r"takes `\(loss, params\)`, or `\(params, constraints"):
        optimizers.Adam().get_updates([], [])
    with pytest.raises(InvalidType, match=r"Make it a subclass of `keras\.optimizers\.Optimizer`"):

        class _Mine(optimizers.Adam):
            def get_updates(self, loss: Any, params: Any) -> Any:  # type: ignore[override]
                return []


def test_functions_compute_in_floatx(backend_name: str) -> None:
    """Arrays of doubles are cast, as every Keras cast them."""
    with convdispatch.use_backend(backend_name):
        x = K.placeholder((None, 4))
        found = K.function([x], [x / 3])([X.astype("float64")])[0]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, X / np.float32(3))
