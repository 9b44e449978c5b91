"""Callbacks of `evaluate` and `predict`, by Keras 3's names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from convdispatch import callbacks, layers, models
from convdispatch.errors import ConvDispatchError, InvalidLoss, InvalidType

X, Y = np.arange(5, dtype="f4")[:, None], np.zeros((5, 1), "f4")


class Noting(callbacks.Callback):
    """Notes every moment, with what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[Any] = []

    def on_test_begin(self, logs: Any = None) -> None:
        """Note it."""
        self.moments.append("test begins")

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Note it."""
        self.moments.append(("test", batch))

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note it."""
        self.moments.append((batch, logs["loss"]))

    def on_test_end(self, logs: Any = None) -> None:
        """Note it."""
        self.moments.append(dict(logs))

    def on_predict_begin(self, logs: Any = None) -> None:
        """Note it."""
        self.moments.append("prediction begins")

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Note it."""
        self.moments.append(("predict", batch))

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Note it."""
        self.moments.append((batch, logs["outputs"].ravel().tolist()))

    def on_predict_end(self, logs: Any = None) -> None:
        """Note it."""
        self.moments.append("prediction ends")


def identity(backend: str = "numpy") -> Any:
    """Return a model that returns its input."""
    model = models.Sequential([layers.Dense(1, use_bias=False, input_shape=(1,))], backend=backend)
    model.set_weights([np.ones((1, 1), "f4")])
    model.compile("sgd", "mse")
    return model


def pairs() -> Iterator[Any]:
    """Yield the samples in batches of two."""
    for start in range(0, 5, 2):
        yield X[start : start + 2], Y[start : start + 2]


# Means of 0, 1; of 4, 9; of 16; and of them all.
TESTED = [
    "test begins",
    *[("test", 0), (0, 0.5), ("test", 1), (1, 6.5), ("test", 2), (2, 16.0)],
    {"loss": 6.0},
]
PREDICTED = [
    "prediction begins",
    *[("predict", 0), (0, [0.0, 1.0]), ("predict", 1), (1, [2.0, 3.0]), ("predict", 2)],
    *[(2, [4.0]), "prediction ends"],
]


@pytest.mark.parametrize("source", ["arrays", "batches"])
def test_each_moment_is_told(source: str) -> None:
    """In their order, with the batch's numbers."""
    model, noting = identity(), Noting()
    given: Any = (X, Y) if source == "arrays" else (pairs(),)
    size = {"batch_size": 2} if source == "arrays" else {}
    model.evaluate(*given, **size, verbose=0, callbacks=[noting])
    assert noting.moments == TESTED
    assert (noting.model, noting.params["epochs"]) == (model, 1)
    assert noting.params["steps"] == (3 if source == "arrays" else None)
    noting.moments.clear()
    outputs = model.predict(X if source == "arrays" else pairs(), **size, callbacks=noting)
    assert noting.moments == PREDICTED
    np.testing.assert_array_equal(outputs, X)


def test_validation_tells_the_callbacks_of_fit() -> None:
    """As in Keras 3: they are told of the moments of its tests."""
    model, noting = identity(), Noting()
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0, validation_data=(X, Y), callbacks=[noting])
    assert noting.moments == ["test begins", ("test", 0), (0, 6.0), {"loss": 6.0}]


def test_a_callback_may_end_it() -> None:
    """What was computed before is returned."""
    model = identity()
    stop = callbacks.LambdaCallback(
        on_test_batch_end=lambda batch, logs: setattr(model, "stop_evaluating", batch == 1),
        on_predict_batch_end=lambda batch, logs: setattr(model, "stop_predicting", True),
    )
    assert model.evaluate(X, Y, batch_size=2, verbose=0, callbacks=[stop]) == 14 / 4
    for given in (X, pairs()):
        size = {"batch_size": 2} if given is X else {}
        assert model.predict(given, **size, callbacks=[stop]).ravel().tolist() == [0.0, 1.0]
    assert model.evaluate(X, Y, batch_size=2, verbose=0) == 6.0
    assert len(model.predict(X, batch_size=2)) == 5


def test_what_is_no_callback_is_refused() -> None:
    """As by `fit`."""
    with pytest.raises(InvalidType, match="`callbacks` must be a list of `Callback` objects"):
        identity().predict(X, callbacks=[3])
    with pytest.raises(InvalidType, match="`on_predict_end` must be a function"):
        callbacks.LambdaCallback(on_predict_end=3)


def test_nan_may_raise() -> None:
    """With `raise_error` the step of the NaN raises; without, training ends silently."""
    model, x = identity(), np.full((1, 1), np.nan, "f4")
    with pytest.raises(InvalidLoss, match=r"the loss of batch 0 is nan.*smaller learning rate"):
        model.fit(x, Y[:1], verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True)])
    assert issubclass(InvalidLoss, ConvDispatchError)
    assert issubclass(InvalidLoss, RuntimeError)  # which Keras 3 raises
