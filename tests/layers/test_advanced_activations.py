"""The activations with parameters: numbers and slopes by hand, in the words of each Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.numerics.rounding import reference_with_bound

X = np.array([[-2.0, -0.0, 0.5, 1.0, 3.0]], np.float32)
E1 = float(np.expm1(-2.0))

ROWS = [
    (layers, "LeakyReLU", {"negative_slope": 0.25}, [-0.5, 0, 0.5, 1, 3], [0.25, 0.25, 1, 1, 1]),
    (keras2.layers, "LeakyReLU", {"alpha": 0.5}, [-1, 0, 0.5, 1, 3], [0.5, 0.5, 1, 1, 1]),
    (keras1.layers, "LeakyReLU", {}, [-0.6, 0, 0.5, 1, 3], [0.3, 0.3, 1, 1, 1]),
    (layers, "ELU", {"alpha": 2.0}, [2 * E1, 0, 0.5, 1, 3], [2 * E1 + 2, 2, 1, 1, 1]),
    (keras1.layers, "ELU", {}, [E1, 0, 0.5, 1, 3], [E1 + 1, 1, 1, 1, 1]),
    (layers, "ThresholdedReLU", {}, [0, 0, 0, 0, 3], [0, 0, 0, 0, 1]),
    (keras1.layers, "ThresholdedReLU", {"theta": -3}, [-2, 0, 0.5, 1, 3], [1, 1, 1, 1, 1]),
    (layers, "ReLU", {}, [0, 0, 0.5, 1, 3], [0, 0, 1, 1, 1]),
    (layers, "ReLU", {"max_value": 2.0}, [0, 0, 0.5, 1, 2], [0, 0, 1, 1, 0]),
    (layers, "ReLU", {"negative_slope": 0.5}, [-1, 0, 0.5, 1, 3], [0.5, 0.5, 1, 1, 1]),
    (keras2.layers, "ReLU", {"threshold": 0.75}, [0, 0, 0, 1, 3], [0, 0, 0, 1, 1]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("door", "name", "arguments", "expected", "slopes"),
    ROWS,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_values_and_slopes(
    backend_name: str, door: Any, name: str, arguments: Any, expected: Any, slopes: Any
) -> None:
    """Below, at and above each kink."""
    layer = getattr(door, name)(backend=backend_name, **arguments)
    np.testing.assert_allclose(convdispatch.to_numpy(layer(X)), [expected], rtol=1e-6)
    found = convdispatch.gradients(layer, X)
    np.testing.assert_allclose(found.inputs, [slopes], rtol=1e-6)


def test_softmax_adds_up_along_its_axis(backend_name: str) -> None:
    """Keras 2 takes the last axis of a table, whatever is asked, and then the axis asked."""
    x = np.log(np.array([[[1.0, 3.0], [3.0, 1.0]]], np.float32))
    first = layers.Softmax(axis=1, backend=backend_name)
    expected = [[[0.25, 0.75], [0.75, 0.25]]]
    np.testing.assert_allclose(convdispatch.to_numpy(first(x)), expected, rtol=1e-6)
    x = np.log(np.array([[[1.0, 1.0], [3.0, 1.0]]], np.float32))
    for door in (layers, keras2.layers):
        got = convdispatch.to_numpy(door.Softmax(axis=1, backend=backend_name)(x))
        np.testing.assert_allclose(got, [[[0.25, 0.5], [0.75, 0.5]]], rtol=1e-6)


def test_prelu_has_a_slope_for_each_place_or_each_channel(backend_name: str) -> None:
    """Without shared axes alpha has the sample's shape; an axis that is shared has one."""
    x = np.array([[[-1.0, -2.0], [-3.0, 4.0]]], np.float32)
    alpha = np.array([[0.5, 0.25], [2.0, 9.0]], np.float32)
    every = layers.PReLU(weights=[alpha], backend=backend_name)
    got = convdispatch.to_numpy(every(x))
    np.testing.assert_array_equal(got, [[[-0.5, -0.5], [-6.0, 4.0]]])
    shared = keras1.layers.PReLU(weights=[alpha[:1]], shared_axes=[1], backend=backend_name)
    got = convdispatch.to_numpy(shared(x))
    np.testing.assert_array_equal(got, [[[-0.5, -0.5], [-1.5, 4.0]]])


def test_prelu_learns_from_what_is_below_zero(backend_name: str) -> None:
    """The slope of alpha is the sum of the negative inputs; an infinite one does no harm above."""
    layer = keras2.layers.PReLU(backend=backend_name)
    x = np.array([[-1.0, 2.0, np.inf], [-3.0, -4.0, np.inf]], np.float32)
    found = convdispatch.gradients(layer, x)
    np.testing.assert_array_equal(found.weights[0], [-4.0, -4.0, 0.0])
    np.testing.assert_array_equal(found.inputs, [[0, 1, 1], [0, 0, 1]])


def test_prelu_takes_any_size_of_a_shared_axis(backend_name: str) -> None:
    """The slopes of images of two sizes are the same; other channels are refused."""
    layer = layers.PReLU("ones", shared_axes=(1, 2), backend=backend_name)
    layer.build((None, None, None, 2))
    for rows in (2, 3):
        x = np.full((1, rows, 4, 2), -1.0, np.float32)
        np.testing.assert_array_equal(convdispatch.to_numpy(layer(x)), x)
    with pytest.raises(InvalidShape, match=r"was built for slopes of shape \(1, 1, 2\)"):
        layer(np.ones((1, 2, 4, 3), np.float32))


def test_prelu_is_within_its_bound(backend_name: str) -> None:
    """In float32, for slopes above 1 too."""
    random = np.random.default_rng(0)
    x = random.normal(size=(20, 6)).astype("float32")
    slopes = random.normal(size=6).astype("float32") * 3
    layer = layers.PReLU(weights=[slopes], backend=backend_name)
    layer.build(x.shape)
    value, bound = reference_with_bound([layer, layers.ELU(backend="numpy")], x, "float32")
    exact = np.where(x > 0, x, slopes.astype(float) * x)
    np.testing.assert_allclose(value, np.where(exact > 0, exact, np.expm1(exact)), rtol=1e-12)
    got = convdispatch.to_numpy(layers.ELU(backend=backend_name)(layer(x))).astype("float64")
    assert np.all(np.abs(got - value) <= bound)
    assert np.max(bound) < 1e-5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.LeakyReLU(-0.1), "`negative_slope` must be finite and at least 0"),
        (lambda: keras1.layers.LeakyReLU(float("inf")), "`alpha` must be finite; received inf"),
        (lambda: layers.ELU("1"), "`alpha` must be a number"),
        (lambda: layers.ThresholdedReLU(np.nan), "`theta` must be finite"),
        (lambda: layers.ReLU(-1.0), "`max_value` must be finite and at least 0"),
        (lambda: layers.PReLU(shared_axes=[0]), "`shared_axes` must be at least 1"),
        (lambda: layers.Softmax("last"), "`axis` must be an integer"),
    ],
)
def test_bad_arguments_are_refused(make: Any, message: str) -> None:
    """By the name that the user's Keras has for them."""
    with pytest.raises((InvalidArgument, InvalidType), match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (layers.Softmax(axis=0), "an axis of its input other than the batch"),
        (layers.Softmax(axis=2), "an axis of its input other than the batch"),
        (layers.PReLU(shared_axes=[2]), "with each of `shared_axes`"),
        (layers.PReLU(batch_input_shape=(None, None, 2)), "needs a known size of each axis"),
    ],
)
def test_bad_shapes_are_refused(layer: Any, message: str) -> None:
    """Before anything is computed."""
    with pytest.raises(InvalidShape, match=message):
        layer.build(layer.batch_input_shape or (None, 3))
