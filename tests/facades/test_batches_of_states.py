"""Keras 1: a stateful model's batches have, where no size is given, that of its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch.errors import InvalidShape
from convdispatch.keras1 import layers, models

X = np.linspace(-1, 1, 16).reshape(4, 4, 1)
Y = np.zeros((4, 2))
METHODS: dict[str, Callable[..., Any]] = {
    "predict": lambda model, **size: model.predict(X, **size),
    "predict_classes": lambda model, **size: model.predict_classes(X, verbose=0, **size),
    "predict_proba": lambda model, **size: model.predict_proba(X / 4, verbose=0, **size),
    "evaluate": lambda model, **size: model.evaluate(X, Y, verbose=0, **size),
    "fit": lambda model, **size: (
        model.fit(
            X, Y, nb_epoch=2, verbose=0, shuffle=False, validation_data=(X, Y), **size
        ).history
    ),
}


def stateful() -> Any:
    """Return a compiled model that keeps a state for two samples."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    lstm = layers.LSTM(2, stateful=True, batch_input_shape=(2, 4, 1), activation="sigmoid")
    model = models.Sequential([lstm], backend="numpy")
    model.set_weights([np.full(one.shape, 0.5) for one in model.get_weights()])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("method", METHODS)
def test_the_size_of_the_states_is_the_default(method: str) -> None:
    """Not the 32 of the signature; the answer is the one for the right size."""
    expected = METHODS[method](stateful(), batch_size=2)
    got = METHODS[method](stateful())
    if isinstance(expected, dict):
        assert got == expected
    else:
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("method", METHODS)
def test_another_size_is_refused(method: str) -> None:
    """Also the 32, where it is given."""
    with pytest.raises(InvalidShape, match=r"`batch_size` must be 2, .*; received 32"):
        METHODS[method](stateful(), batch_size=32)
