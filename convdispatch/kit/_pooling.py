"""Pool one axis after the other, tap by tap for all windows at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit._axes import Axis, Window, axes, windows
from convdispatch.kit._layouts import spatial_axes
from convdispatch.kit._precision import computed_in
from convdispatch.kit._primitives import Primitives, functions_of
from convdispatch.kit._slices import Cells, read_by_tap, taking
from convdispatch.ops import Pool, Signature

Indices = npt.NDArray[np.int64]


def largest(op: Pool, signature: Signature, backend: Primitives) -> Callable[[Any], Any]:
    """Return max pooling.

    It takes the first of a row's largest cells, and then the first of these rows: that is the first
    in memory order. A tap over a pad reads the nearest cell of its window instead, which the
    maximum includes anyway; along an axis of unknown size it reads a copy of the nearest cell.
    """
    functions = functions_of(backend)
    concatenate, where, equal = (functions[name] for name in ("concatenate", "where", "equal"))
    taken = taking(functions["take"])
    read = [
        (number, *_with_copies(window))
        for number, window in zip(spatial_axes(op), windows(op, signature), strict=True)
    ]

    def surrounded(x: Any, number: int, copies: tuple[int, int]) -> Any:
        if not any(copies):
            return x
        first, last = taken(x, number, slice(0, 1)), taken(x, number, slice(-1, None))
        return concatenate([*[first] * copies[0], x, *[last] * copies[1]], number)

    def first_of_largest(first: Any, second: Any) -> Any:
        # No comparison with NaN holds, so the first NaN stays.
        larger = where(equal(first, first), second, first)
        return where(first >= second, first, larger)

    def pool(x: Any) -> Any:
        for number, copies, taps in reversed(read):
            cells = surrounded(x, number, copies)
            x = reduce(first_of_largest, (taken(cells, number, tap) for tap in taps))
        return x

    return pool


def _with_copies(window: Window) -> tuple[tuple[int, int], list[Cells]]:
    """Return how many copies of its ends an axis needs, and then the cells that each tap reads."""
    pads = max(window.low, 0), max(window.high, 0)
    taps = [read_by_tap(window, tap) for tap in range(window.taps)]
    if not isinstance(window, Axis):
        return pads, taps
    numbers = (cells for cells in taps if not isinstance(cells, slice))
    return (0, 0), [(cells - pads[0]).clip(0, window.size - 1) for cells in numbers]


def added(op: Pool, signature: Signature, backend: Primitives) -> Callable[[Any], Any]:
    """Return the sums of windows, or their averages."""
    functions = functions_of(backend)
    pad, power, taken = functions["pad"], functions["power"], taking(functions["take"])
    resolved = list(zip(spatial_axes(op), windows(op, signature), strict=True))
    around = [(0, 0)] * (len(resolved) + 2)
    for number, window in resolved:
        around[number] = max(window.low, 0), max(window.high, 0)
    read = [
        (number, [read_by_tap(window, tap) for tap in range(window.taps)])
        for number, window in resolved
    ]
    dtype = computed_in(signature.dtype)

    def summed(x: Any) -> Any:
        y = pad(x, around) if any(map(any, around)) else x
        for number, taps in reversed(read):
            y = reduce(lambda a, b: a + b, (taken(y, number, tap) for tap in taps))
        return y

    if op.kind == "sum":
        return summed
    if None in signature.input_shape and not op.counts_pads and any(map(any, around)):
        stop_gradient = functions["stop_gradient"]
        return lambda x: summed(x) / summed(power(stop_gradient(x), 0))
    by = math.prod(op.size) if None in signature.input_shape else divisors(op, signature)
    # Made at each call: a constant that one trace makes is no good in another.
    return lambda x: summed(x) / (by if isinstance(by, int) else backend.asarray(by, dtype))


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
