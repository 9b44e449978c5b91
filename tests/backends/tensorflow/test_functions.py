"""TensorFlow's table of functions while sizes are unknown, under XLA, and to the second order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch.ops import HALF_DTYPES
from convdispatch.registry import registry

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], np.float32)
NAN = float("nan")


@pytest.fixture
def tf(all_backends: tuple[str, ...]) -> Any:
    """Give TensorFlow, or skip where it is not among the backends under test."""
    if "tensorflow" not in all_backends:
        pytest.skip("its backend is not installed")
    return pytest.importorskip("tensorflow")


@pytest.fixture
def f(tf: Any) -> Any:
    """Give the backend's table."""
    return registry.load("tensorflow").functions


def test_an_unknown_size_is_a_scalar_that_reshape_and_pad_take(tf: Any, f: Any) -> None:
    """A known one stays an integer of Python's."""
    seen = []

    @tf.function(autograph=False, input_signature=[tf.TensorSpec((None, 3), "float32")])
    def traced(x: Any) -> Any:
        rows, columns = f["shape"](x)
        seen.append((type(columns), rows.shape.rank, rows.dtype))
        padded = f["pad"](x, [(0, rows), (0, 1)], 7.0)
        return f["reshape"](padded, (2, rows, columns + 1))

    want = np.pad(X, [(0, 2), (0, 1)], constant_values=7).reshape(2, 2, 4)
    np.testing.assert_array_equal(traced(X), want)
    assert traced(X[:0]).shape == (2, 0, 4)
    assert seen == [(int, 0, tf.int32)]


@pytest.mark.parametrize(
    ("expression", "want"),
    [
        (lambda f, x: f["take"](x, np.array([1, 0]), 0), X[[1, 0]]),
        (lambda f, x: f["take"](x, np.array([0, 2]), 1), X[:, ::2]),
        (lambda f, x: f["take"](x, np.array([0, 1]), 0), X),
        (lambda f, x: f["argmax"](x, 0), [0, 1, 0]),
        (lambda f, x: f["cumsum"](x, 0), np.cumsum(X, 0)),
        (lambda f, x: f["stack"]([x, x], 1), np.stack([X, X], 1)),
        (lambda f, x: f["one_hot"](f["argmax"](x, 1), 3, "float32"), [[0, 0, 1], [0, 1, 0]]),
    ],
    ids=["take", "slice", "slice of unknown size", "argmax", "cumsum", "stack", "one_hot"],
)
@pytest.mark.parametrize("is_compiled_by_xla", [False, True], ids=["graph", "xla"])
def test_functions_of_unknown_sizes(
    tf: Any, f: Any, expression: Callable[..., Any], want: Any, is_compiled_by_xla: bool
) -> None:
    """Traced for any number of rows and columns, and under XLA."""
    traced = tf.function(
        lambda x: expression(f, x),
        autograph=False,
        jit_compile=is_compiled_by_xla,
        input_signature=[tf.TensorSpec((None, None), "float32")],
    )
    np.testing.assert_allclose(traced(X), want)


def test_xla_agrees_about_nan_and_limits(tf: Any, f: Any) -> None:
    """Compiled as a whole."""

    @tf.function(autograph=False, jit_compile=True)
    def compiled(x: Any) -> Any:
        clipped = f["clip"](x, -1.0, 2.0)
        return f["argmax"](x, 0), clipped, f["sign"](x), f["equal"](x, x), f["power"](x, 2)

    place, clipped, sign, equal, square = compiled(tf.constant([3.0, NAN, -2.0, NAN]))
    assert int(place) == 1
    np.testing.assert_array_equal(clipped, [2, NAN, -1, NAN])
    np.testing.assert_array_equal(sign, [1, NAN, -1, NAN])
    np.testing.assert_array_equal(equal, [True, False, True, False])
    np.testing.assert_array_equal(square, [9, NAN, 4, NAN])


@pytest.mark.parametrize("dtype", ["float32", "float64", *HALF_DTYPES])
def test_the_gradient_of_take_is_a_tensor(tf: Any, f: Any, dtype: str) -> None:
    """TensorFlow's own is `tf.IndexedSlices` along the first axis; and 4097 ones are summed up."""
    x = tf.Variable(tf.ones((3, 1), dtype))
    indices = tf.concat([tf.zeros(4097, "int64"), tf.ones(3, "int64")], 0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.cast(f["take"](x, indices, 0), "float32"))
    gradient = tape.gradient(loss, x)
    assert tf.is_tensor(gradient)
    assert gradient.dtype == dtype
    nearest = {"float16": 4096, "bfloat16": 4096}.get(dtype, 4097)
    np.testing.assert_array_equal(tf.cast(gradient, "float32")[:, 0], [nearest, 3, 0])


def test_the_second_derivatives_of_powers_at_zero(tf: Any, f: Any) -> None:
    """Of x**0, x**1, x**2 and x**3, times x: 0, 2, 6 x and 12 x^2."""
    x = tf.constant([0.0, 2.0])
    for exponent, want in ((0, [0, 0]), (1, [2, 2]), (2.0, [0, 12]), (3, [0, 48])):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f["power"](x, exponent) * x
            first = inner.gradient(y, x)
        np.testing.assert_array_equal(outer.gradient(first, x, unconnected_gradients="zero"), want)
