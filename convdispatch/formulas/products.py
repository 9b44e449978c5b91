"""Products of the samples of two tensors, over a backend's table of functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Functions = Mapping[str, Callable[..., Any]]


def batch_dot(f: Functions, tensors: Sequence[Any], axes: tuple[int, int]) -> Any:
    """Return, sample by sample, the sums of products along an axis of each of two tensors x and y.

    The batch axis is 0, and neither of `axes` is. The result has the other axes of x, then those
    of y, and one of size 1 where there are none.
    """
    x, y = tensors
    of_x, of_y = f["shape"](x), f["shape"](y)
    rest_of_x = tuple(size for axis, size in enumerate(of_x) if axis not in (0, axes[0]))
    rest_of_y = tuple(size for axis, size in enumerate(of_y) if axis not in (0, axes[1]))
    others_of_x = [axis for axis in range(1, len(of_x)) if axis != axes[0]]
    others_of_y = [axis for axis in range(1, len(of_y)) if axis != axes[1]]
    rows = f["transpose"](x, (0, *others_of_x, axes[0]))
    columns = f["transpose"](y, (0, axes[1], *others_of_y))
    batch, length = of_x[0], of_x[axes[0]]
    rows = f["reshape"](rows, (batch, math.prod(rest_of_x), length))
    columns = f["reshape"](columns, (batch, length, math.prod(rest_of_y)))
    return f["reshape"](f["matmul"](rows, columns), (batch, *(rest_of_x + rest_of_y or (1,))))


def normalized(f: Functions, x: Any, axis: int, floor: float) -> Any:
    """Return x divided by its length along an axis, whose square counts as at least `floor`."""
    squares = f["sum"](x * x, (axis,), keepdims=True)
    # Where the sum is below the floor it has no slope; the root of 0 would have none either.
    return x / f["sqrt"](f["where"](squares < floor, floor, squares))
