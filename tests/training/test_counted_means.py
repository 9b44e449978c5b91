"""What counts in Keras 3's means: of losses, of weighted metrics, of penalties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from convdispatch import keras2, layers, losses, models
from convdispatch.ops import Backend

ROWS = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], "f4")
CLASSES = np.array([-1, 1, 0])
IGNORING = -(math.log(0.4) + math.log(0.5)) / 2


def linear(backend: str, *before: Any, size: tuple[int, ...] = (1,), units: int = 1) -> Any:
    """Return a model of one kernel of ones, without bias."""
    first = before or (layers.InputLayer(input_shape=size),)
    model = models.Sequential([*first, layers.Dense(units, use_bias=False)], backend=backend)
    model.set_weights([np.ones((size[-1], units), "f4")])
    return model


def test_ignored_class_is_left_out_of_the_mean(backend: Backend) -> None:
    """The mean is over the two samples that count, by hand; none counts for nothing."""
    loss: Any = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    rows = backend.asarray(ROWS, "float32")
    assert float(backend.to_numpy(loss(CLASSES, rows))) == pytest.approx(IGNORING, rel=1e-5)
    assert float(backend.to_numpy(loss(np.full(3, -1), rows))) == 0.0
    weighted = loss(CLASSES, rows, sample_weight=np.array([9.0, 2.0, 1.0]))
    by_hand = -(2 * math.log(0.4) + math.log(0.5)) / 2
    assert float(backend.to_numpy(weighted)) == pytest.approx(by_hand, rel=1e-5)


def test_ignored_class_does_not_train(differentiable: Backend) -> None:
    """`evaluate` and a step take the mean over the samples that count."""
    model = linear(differentiable.name, size=(2,), units=2)
    model.set_weights([np.eye(2, dtype="f4")])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1))
    logits = np.log(ROWS)
    assert model.evaluate(logits, CLASSES, verbose=0) == pytest.approx(IGNORING, rel=1e-5)
    model.train_on_batch(logits, CLASSES)
    slope = logits[1:].T @ (ROWS[1:] - np.array([[0, 1], [1, 0]])) / 2
    np.testing.assert_allclose(model.get_weights()[0], np.eye(2) - 0.01 * slope, rtol=1e-5)


def test_batch_without_a_counted_step_is_worth_nothing(differentiable: Backend) -> None:
    """The loss is 0 and the weights stay; with weights of 0 in a weighted metric, too."""
    model = linear(differentiable.name, layers.Masking(0.0, input_shape=(3, 2)), size=(3, 2))
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.zeros((2, 3, 2), "f4"), np.ones((2, 3, 1), "f4")
    assert model.train_on_batch(x, y) == [0.0, 0.0]
    np.testing.assert_array_equal(model.get_weights()[0], np.ones((2, 1)))
    assert model.evaluate(x, y, verbose=0) == [0.0, 0.0]


def test_old_batch_without_a_counted_step_is_its_formula() -> None:
    """Keras 2 divides 0 by 0."""
    made = [keras2.layers.Masking(0.0, input_shape=(3, 2)), keras2.layers.Dense(1)]
    model = keras2.models.Sequential(made, backend="numpy")
    model.compile("sgd", "mse")
    with np.errstate(all="ignore"):
        found = model.test_on_batch(np.zeros((2, 3, 2), "f4"), np.ones((2, 3, 1), "f4"))
    assert math.isnan(found)


def test_weighted_metrics_are_means_over_weights(backend: Backend) -> None:
    """sum(w v) / sum(w): 2.3 = (1 * 2 + 2 * 3 + 3 * 5) / 10, over the epoch's batches, too."""
    model = linear(backend.name)
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    x, weights = np.array([[1.0], [2.0], [3.0]], "f4"), np.array([2.0, 3.0, 5.0])
    for size in (3, 2, 1):
        _, found = model.evaluate(
            x, np.zeros((3, 1)), sample_weight=weights, batch_size=size, verbose=0
        )
        assert found == pytest.approx(2.3, rel=1e-6)
    _, found = model.evaluate(x, np.zeros((3, 1)), batch_size=2, verbose=0)
    assert found == pytest.approx(2.0, rel=1e-6)
    _, found = model.test_on_batch(x, np.zeros((3, 1)), sample_weight=np.zeros(3))
    assert found == 0.0


def test_right_answers_are_all_right_with_any_weights() -> None:
    """An accuracy is never above 1."""
    model = linear("numpy", size=(2,), units=2)
    model.set_weights([np.eye(2, dtype="f4")])
    model.compile("sgd", "categorical_crossentropy", weighted_metrics=["accuracy"])
    found = model.test_on_batch(np.eye(2) + 0.1, np.eye(2), sample_weight=np.array([4.0, 2.0]))
    assert found[1] == 1.0


def test_masked_metrics_are_means_over_the_steps_of_the_epoch() -> None:
    """Of 1, 2, 3 in one sample and of 7 in another: 13 / 4, not (2 + 7) / 2."""
    model = linear("numpy", layers.Masking(0.0, input_shape=(3, 1)), size=(3, 1))
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.array([[[1.0], [2.0], [3.0]], [[7.0], [0.0], [0.0]]], "f4")
    for size in (1, 2):
        _, found = model.evaluate(x, np.zeros((2, 3, 1)), batch_size=size, verbose=0)
        assert found == pytest.approx(3.25, rel=1e-6)


def test_penalty_of_a_frozen_weight_does_not_count() -> None:
    """0.01 * (1 + 1) counts in Keras 3 only while the kernel is trained."""
    for frozen, expected in ((True, 0.0), (False, 0.02)):
        model = models.Sequential(
            [layers.Dense(1, input_shape=(2,), use_bias=False, kernel_regularizer="l2")],
            backend="numpy",
        )
        model.set_weights([np.ones((2, 1), "f4")])
        model.layers[0].trainable = not frozen
        model.compile("sgd", "mse")
        found = model.evaluate(np.zeros((1, 2)), np.zeros((1, 1)), verbose=0)
        assert found == pytest.approx(expected, abs=1e-8)
