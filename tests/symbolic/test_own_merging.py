"""Merging layers of scripts: `_merge_function` makes one tensor of several."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType, UnsupportedOp
from convdispatch.keras2 import backend as K
from convdispatch.keras2 import layers, models, optimizers
from convdispatch.keras2.layers.merge import _Merge
from convdispatch.ops import Backend


class RandomAverage(_Merge):
    """Points on the lines between two batches, as critics of Wasserstein's distance take them."""

    def _merge_function(self, inputs: Any) -> Any:
        weights = K.random_uniform((4, 1))
        return (weights * inputs[0]) + ((1 - weights) * inputs[1])


class Halved(_Merge):
    """The mean of two tensors."""

    def _merge_function(self, inputs: Any) -> Any:
        return (inputs[0] + inputs[1]) / 2


def penalty(y_true: Any, y_pred: Any, points: Any, weight: float) -> Any:
    """Return how far the slope of all scores at these points is from 1: of a list of slopes."""
    slopes = K.gradients(K.sum(y_pred), points)
    return weight * K.square(1 - K.sqrt(K.sum(K.square(slopes))))


def by_sample(y_true: Any, y_pred: Any, points: Any, weight: float) -> Any:
    """Return the mean of it over the samples, with the axes as an array."""
    squares = K.square(K.gradients(y_pred, points)[0])
    norm = K.sqrt(K.sum(squares, axis=np.arange(1, len(squares.shape))))
    return weight * K.mean(K.square(1 - norm))


@pytest.mark.parametrize(("loss", "rows"), [(penalty, 4.0), (by_sample, 1.0)])
def test_a_critic_learns_by_the_penalty_on_its_slope(
    loss: Any, rows: float, differentiable: Backend
) -> None:
    """Of scores w x the slope is w at each of 4 points, so loss and step are known by hand."""
    w = np.array([[3.0], [4.0]])
    with convdispatch.use_backend(differentiable.name):
        real, made = layers.Input((2,)), layers.Input((2,))
        dense = layers.Dense(1, use_bias=False, weights=[w])
        critic = models.Sequential([dense])
        points = RandomAverage()([real, made])
        model = models.Model([real, made], [critic(real), critic(points)])
        own: Any = partial(loss, points=points, weight=10)
        own.__name__ = "gradient_penalty"
        model.compile(optimizers.SGD(lr=0.01), [lambda t, p: 0 * K.mean(p), own])
        x = np.arange(8.0).reshape(4, 2)
        found = model.train_on_batch([x, -x], [np.zeros((4, 1))] * 2)
    norm = np.sqrt(rows) * 5
    np.testing.assert_allclose(found[0], 10 * (1 - norm) ** 2, rtol=1e-5)
    slope = 10 * 2 * (norm - 1) * np.sqrt(rows) * w / 5
    np.testing.assert_allclose(dense.get_weights()[0], w - 0.01 * slope, rtol=1e-5)


def test_tensors_get_as_many_axes_each() -> None:
    """Axes of size 1 stand behind the batch; the masks of all inputs count."""
    first, second = layers.Input((3, 2)), layers.Input((2,))
    model = models.Model([first, second], Halved()([first, second]))
    assert model.output_shape == (None, 3, 2)
    found = model.predict([np.ones((1, 3, 2)), np.full((1, 2), 3.0)])
    np.testing.assert_array_equal(found, np.full((1, 3, 2), 2.0))
    other = layers.Input((3, 2))
    both = Halved()([layers.Masking()(first), layers.Masking()(other)])
    adding = [np.array([[1.0], [0.0]]), np.ones((1, 1)), np.zeros(1)]
    last = layers.SimpleRNN(1, activation="linear", weights=adding)(both)
    x = np.ones((1, 3, 2))
    gone, lacking = x.copy(), x.copy()
    gone[0, 0], lacking[0, 2] = 0, 0
    found = models.Model([first, other], last).predict([gone, lacking])
    np.testing.assert_array_equal(found, [[1.0]])  # of all steps it would be 2


def test_a_merging_layer_of_keras_may_be_changed() -> None:
    """`super()` computes what the layer itself does."""

    class Twice(layers.Add):
        def _merge_function(self, inputs: Any) -> Any:
            return 2 * super()._merge_function(inputs) + 1

    x = layers.Input((2,))
    model = models.Model(x, Twice()([x, x]))
    np.testing.assert_array_equal(model.predict(np.array([[1.0, 2.0]])), [[5.0, 9.0]])
    assert issubclass(layers.Add, _Merge)
    assert not isinstance(layers.Dense(1), _Merge)


@pytest.mark.parametrize(
    ("kind", "count", "error", "said"),
    [
        (Halved, 0, InvalidType, "takes a list of tensors; received one"),
        (Halved, 1, InvalidArgument, "takes at least two tensors; received 1"),
        (Halved, 3, InvalidShape, r"the same size on each axis, or 1; received the shapes .*3"),
        (_Merge, 2, UnsupportedOp, r"has no `_merge_function\(inputs\)`.* Define it"),
    ],
)
def test_what_cannot_be_merged_is_said(kind: Any, count: int, error: Any, said: str) -> None:
    """Before anything is computed."""
    given = [layers.Input((2,)), layers.Input((2,)), layers.Input((3,))][:count]
    with pytest.raises(error, match=said):
        kind()(given or layers.Input((2,)))
