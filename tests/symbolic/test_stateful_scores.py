"""Metrics of scripts that are layers and count over the batches of an epoch, as in Keras 2.2.4."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras2
from convdispatch.errors import InvalidType
from convdispatch.keras2 import backend as K
from convdispatch.ops import Backend

X = np.random.default_rng(3).normal(size=(10, 2)).astype("float32")
Y = np.arange(10)[:, None] % 2
WEIGHTS = [np.array([[1.0], [-0.5]]), np.array([0.1])]


class Precision(keras2.layers.Layer):
    """Hits among what is said to be one; no mean of what batches give."""

    def __init__(self, name: str = "precision", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.stateful = True
        self.hits = K.variable(0, dtype="int32")
        self.said = K.variable(0.0)

    def reset_states(self) -> None:
        """Begin an epoch."""
        K.set_value(self.hits, 0)
        K.set_value(self.said, 0.0)

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return the precision of all batches so far."""
        one = K.cast(K.round(y_pred), "int32")
        hits = K.cast(K.sum(one * K.cast(y_true, "int32")), "int32")
        said = K.sum(K.cast(one, "float32"))
        before = self.hits * 1, self.said * 1
        self.add_update(K.update_add(self.hits, hits), inputs=[y_true, y_pred])
        self.add_update(K.update_add(self.said, said), inputs=[y_true, y_pred])
        return K.cast(before[0] + hits, "float32") / (before[1] + said + K.epsilon())


def model_of(metric: Any) -> Any:
    """Return a compiled model of one layer."""
    dense = keras2.layers.Dense(1, activation="sigmoid", input_shape=(2,), weights=WEIGHTS)
    model = keras2.models.Sequential([dense])
    model.compile(keras2.optimizers.SGD(lr=0.0), "binary_crossentropy", metrics=["acc", metric])
    return model


def wanted() -> float:
    """Return the precision of the whole data, by hand."""
    said = (X @ WEIGHTS[0] + WEIGHTS[1] > 0).ravel()
    return float((Y.ravel()[said]).mean())


def test_batches_are_counted_together(backend_name: str) -> None:
    """Of different sizes, too; a second pass begins anew."""
    with convdispatch.use_backend(backend_name):
        model = model_of(Precision())
        for _ in range(2):
            found = model.evaluate(X, Y, batch_size=4, verbose=0)
            np.testing.assert_allclose(found[2], wanted(), rtol=1e-5)


def test_an_epoch_of_training_counts_them_too(differentiable: Backend) -> None:
    """Beside those of the validation, under the layer's name."""
    with convdispatch.use_backend(differentiable.name):
        history = model_of(Precision()).fit(
            X, Y, batch_size=4, epochs=2, validation_data=(X, Y), verbose=0
        )
    for name in ("precision", "val_precision"):
        np.testing.assert_allclose(history.history[name], [wanted()] * 2, rtol=1e-5)


def test_its_configuration_makes_it_again() -> None:
    """With the script's class, as `keras.metrics` does."""
    entry = keras2.metrics.serialize(Precision())
    again = keras2.metrics.deserialize(entry, custom_objects={"Precision": Precision})
    assert (type(again), again.name) == (Precision, "precision")


def test_what_returns_no_number_is_said() -> None:
    """With the metric's name."""

    class Wrong(Precision):
        def __call__(self, y_true: Any, y_pred: Any) -> Any:
            return None

    model = model_of(Wrong(name="wrong"))
    with pytest.raises(InvalidType, match=r"the metric 'wrong' must return a number.*NoneType"):
        model.evaluate(X, Y, verbose=0)
