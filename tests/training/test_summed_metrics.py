"""Metrics that are no means of batches, in `compile`: sums of all batches make their value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import callbacks, keras2, layers, metrics, models
from convdispatch.errors import InvalidArgument
from convdispatch.ops import Backend

# Two batches of two, whose own areas are 1 and 1; over all four samples it is 3/4.
X = np.array([[0.1], [0.3], [0.6], [0.8]], "f4")
Y = np.array([[0.0], [1.0], [0.0], [1.0]], "f4")


def identity(backend: str, door: Any = None, units: int = 1, **given: Any) -> Any:
    """Return a model that returns its input."""
    made, of_door = (models, layers) if door is None else (door.models, door.layers)
    dense = of_door.Dense(units, use_bias=False, input_shape=(units,))
    model = made.Sequential([dense], backend=backend)
    model.set_weights([np.eye(units, dtype="f4")])
    model.compile("sgd", "mse", **given)
    return model


def test_value_is_of_all_batches(backend: Backend) -> None:
    """`evaluate` makes the area over all samples, a batch that over its own."""
    model = identity(backend.name, metrics=["AUC", "precision"])
    assert model.metrics_names == ["loss", "AUC", "precision"]
    _, area, precision = model.evaluate(X, Y, batch_size=2, verbose=0)
    assert (area, precision) == (pytest.approx(0.75), 0.5)
    assert model.test_on_batch(X[:2], Y[:2])[1:] == [pytest.approx(1.0), 0.0]


def test_history_and_batches_have_them(backend: Backend) -> None:
    """`fit` reports the value of the epoch; callbacks read that of a batch."""
    seen: list[Any] = []
    listener = callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: seen.append(logs["AUC"]),
    )
    model = identity(backend.name, metrics=["AUC"])
    model.optimizer.learning_rate = 0.0
    found = model.fit(X, Y, batch_size=2, epochs=1, shuffle=False, verbose=0, callbacks=[listener],
                      validation_data=(X, Y))  # fmt: skip
    assert found.history["AUC"] == found.history["val_AUC"] == [pytest.approx(0.75)]
    assert seen == [pytest.approx(1.0), pytest.approx(1.0)]


def test_weights_count_where_they_are_asked_for() -> None:
    """`metrics` leave sample weights out, `weighted_metrics` count by them."""
    weights = np.array([1.0, 1.0, 0.0, 1.0], "f4")
    model = identity("numpy", metrics=["AUC"], weighted_metrics=["AUC"])
    found = model.evaluate(X, Y, verbose=0, sample_weight=weights)
    assert model.metrics_names[1:] == ["AUC", "weighted_AUC"]
    assert found[1:] == [pytest.approx(0.75), pytest.approx(1.0)]


def test_masked_steps_do_not_count() -> None:
    """Of four steps the two that are masked are left out."""
    model = models.Sequential([layers.Masking(0.0, input_shape=(4, 1))], backend="numpy")
    model.compile("sgd", "mse", metrics=[metrics.TruePositives(), metrics.TrueNegatives()])
    x = np.array([[[0.9], [0.0], [0.2], [0.0]]], "f4")
    y = np.array([[[1.0], [1.0], [0.0], [0.0]]], "f4")
    assert model.evaluate(x, y, verbose=0)[1:] == [1.0, 1.0]


def test_number_of_each_class_is_an_array(capsys: pytest.CaptureFixture[str]) -> None:
    """As in Keras 3; the line shows the mean, and what watches it needs one number."""
    model = identity("numpy", units=2, metrics=["f1_score"])
    x, y = np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    found = model.fit(x, y, verbose=2).history["f1_score"][0]
    np.testing.assert_allclose(found, [2 / 3, 0.0], atol=1e-6)
    assert " - f1_score: 0.3333" in capsys.readouterr().out
    with pytest.raises(InvalidArgument, match="EarlyStopping watches 'f1_score', which has 2"):
        model.fit(x, y, verbose=0, callbacks=[callbacks.EarlyStopping("f1_score")])


def test_greater_area_is_better() -> None:
    """A checkpoint or a stop watches it as Keras 3 does."""
    model = identity("numpy", metrics=["AUC"])
    stopping = callbacks.EarlyStopping("AUC", patience=1)
    stopping.set_model(model)
    stopping.on_train_begin()
    for epoch, area in enumerate([0.5, 0.6, 0.7]):
        stopping.on_epoch_end(epoch, {"AUC": area})
    assert (stopping.best, model.stop_training) == (0.7, False)


def test_names_of_later_keras_2() -> None:
    """tf.keras has the classes under their own names."""
    model = identity("numpy", keras2, metrics=["AUC", "Recall"])
    assert model.metrics_names == ["loss", "auc", "recall"]
    assert model.evaluate(X, Y, verbose=0)[1:] == [pytest.approx(0.75), 0.5]
    assert keras2.metrics.AUC is metrics.AUC
