"""Reshape, Permute and RepeatVector against NumPy, gradients and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType

X = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
DOORS = pytest.mark.parametrize("door", [layers, keras1.layers, keras2.layers], ids=str)
ROWS = [
    ("Reshape", ((4, 3),), X, X.reshape(2, 4, 3)),
    ("Reshape", ((-1,),), X, X.reshape(2, 12)),
    ("Reshape", ([2, -1, 3],), X, X.reshape(2, 2, 2, 3)),
    ("Permute", ((2, 1),), X, X.transpose(0, 2, 1)),
    ("Permute", ((3, 1, 2),), X[..., None], X[..., None].transpose(0, 3, 1, 2)),
    ("RepeatVector", (3,), X[:, 0], np.stack([X[:, 0]] * 3, axis=1)),
]


@DOORS
@pytest.mark.parametrize(
    ("name", "arguments", "x", "expected"), ROWS, ids=[f"{row[0]}{row[1]}" for row in ROWS]
)
def test_numbers_go_to_their_places(
    backend_name: str, door: Any, name: str, arguments: Any, x: Any, expected: Any
) -> None:
    """Forward, of no samples, and back: the gradient of a number is that of where it went."""
    layer = getattr(door, name)(*arguments, backend=backend_name)
    np.testing.assert_array_equal(convdispatch.to_numpy(layer(x)), expected)
    assert convdispatch.to_numpy(layer(x[:0])).shape == (0, *expected.shape[1:])
    assert layer.output_shape == (None, *expected.shape[1:])
    again = 3.0 if name == "RepeatVector" else 1.0
    np.testing.assert_array_equal(convdispatch.gradients(layer, x).inputs, np.full_like(x, again))


def test_reshape_follows_unknown_sizes() -> None:
    """What is left is unknown until the sizes are known."""
    layer = layers.Reshape((-1, 2))
    assert layer.compute_output_shape((None, None, 4)) == (None, None, 2)
    assert layer.compute_output_shape((None, 3, 4)) == (None, 6, 2)
    assert layers.Reshape((3, 4)).compute_output_shape((None, None)) == (None, 3, 4)
    assert layers.Permute((2, 1)).compute_output_shape((None, None, 4)) == (None, 4, None)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Reshape((-1, -1)), InvalidArgument, "at most one -1"),
        (lambda: layers.Reshape((0, 2)), InvalidArgument, "sizes of at least 1"),
        (lambda: layers.Reshape((-2,)), InvalidArgument, "`target_shape` must be at least -1"),
        (lambda: layers.Reshape(6), InvalidType, "`target_shape` must be a tuple of integers"),
        (lambda: layers.Reshape(()), InvalidArgument, "at least one integer"),
        (lambda: layers.Reshape((5,)).build((None, 6)), InvalidShape, "cannot give 6 numbers"),
        (lambda: layers.Reshape((4, -1)).build((None, 6)), InvalidShape, "cannot give 6 numbers"),
        (lambda: layers.Permute((1, 3)), InvalidArgument, "must have each axis once"),
        (lambda: layers.Permute((0, 1)), InvalidArgument, "`dims` must be at least 1"),
        (lambda: layers.Permute((2, 1)).build((None, 2)), InvalidShape, "inputs with 3 axes"),
        (lambda: layers.RepeatVector(0), InvalidArgument, "`n` must be at least 1"),
        (lambda: layers.RepeatVector(2.0), InvalidType, "`n` must be an integer"),
        (lambda: layers.RepeatVector(2).build((None, 2, 2)), InvalidShape, "(batch, features)"),
    ],
)
def test_bad_input_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """With what is allowed."""
    with pytest.raises(error, match=message):
        make()
