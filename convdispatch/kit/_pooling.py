"""Pool one axis after the other, tap by tap for all windows at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit._axes import Axis, axes
from convdispatch.kit._layouts import spatial_axes
from convdispatch.kit._precision import computed_in
from convdispatch.kit._primitives import Primitives, functions_of
from convdispatch.ops import Pool, Signature

Indices = npt.NDArray[np.int64]


def largest(op: Pool, signature: Signature, backend: Primitives) -> Callable[[Any], Any]:
    """Return max pooling.

    It takes the first of a row's largest cells, and then the first of these rows: that is the first
    in memory order. A tap over a pad reads the nearest cell of its window instead, which the
    maximum includes anyway.
    """
    functions = functions_of(backend)
    take, where, equal = (functions[name] for name in ("take", "where", "equal"))
    read = [
        (number, [cells.clip(0, axis.size - 1) for cells in _cells_of_taps(axis)])
        for number, axis in zip(spatial_axes(op), axes(op, signature), strict=True)
    ]

    def first_of_largest(first: Any, second: Any) -> Any:
        # No comparison with NaN holds, so the first NaN stays.
        larger = where(equal(first, first), second, first)
        return where(first >= second, first, larger)

    def pool(x: Any) -> Any:
        for number, taps in reversed(read):
            x = reduce(first_of_largest, (take(x, cells, number) for cells in taps))
        return x

    return pool


def added(op: Pool, signature: Signature, backend: Primitives) -> Callable[[Any], Any]:
    """Return the sums of windows, or their averages."""
    functions = functions_of(backend)
    pad, take = functions["pad"], functions["take"]
    resolved = list(zip(spatial_axes(op), axes(op, signature), strict=True))
    around = [(0, 0)] * (len(resolved) + 2)
    for number, axis in resolved:
        around[number] = max(axis.low, 0), max(axis.high, 0)
    read = [
        (number, [cells + max(axis.low, 0) for cells in _cells_of_taps(axis)])
        for number, axis in resolved
    ]
    dtype = computed_in(signature.dtype)
    by = divisors(op, signature)

    def pool(x: Any) -> Any:
        y = pad(x, around) if any(map(any, around)) else x
        for number, taps in reversed(read):
            y = reduce(lambda a, b: a + b, (take(y, cells, number) for cells in taps))
        if op.kind == "sum":
            return y
        # Made at each call: a constant that one trace makes is no good in another.
        return y / (by if isinstance(by, int) else backend.asarray(by, dtype))

    return pool


def divisors(op: Pool, signature: Signature) -> int | npt.NDArray[Any]:
    """Return the divisors of the windows' sums in an average: one number, or one for each window.

    The array lines up with the op's result, without the batch axis.
    """
    sizes = [_window_sizes(op, axis) for axis in axes(op, signature)]
    if all(len(set(size.tolist())) == 1 for size in sizes):
        return math.prod(int(size[0]) for size in sizes)
    behind = len(sizes) - 1 + op.channels_last
    along = [size.reshape(-1, *[1] * (behind - i)) for i, size in enumerate(sizes)]
    product: npt.NDArray[Any] = reduce(np.multiply, along)
    return product


def _window_sizes(op: Pool, axis: Axis) -> Indices:
    if op.counts_pads:
        return np.full(axis.count, axis.taps)
    starts = np.arange(axis.count) * axis.stride - axis.low
    return np.minimum(starts + axis.taps, axis.size) - np.maximum(starts, 0)


def _cells_of_taps(axis: Axis) -> list[Indices]:
    """Return, for each tap, the cell that it reads in each window; outside are pads."""
    starts = np.arange(axis.count) * axis.stride - axis.low
    return [starts + tap * axis.dilation for tap in range(axis.taps)]
