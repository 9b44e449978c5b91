"""Pooling written down from its definition: one window at a time, and in it one cell at a time.

A part of the oracle: see `oracle`, with which it shares nothing but the rules. Integers stay exact,
Python objects such as fractions stay what they are, all else is computed in float64.
Nothing here may import convdispatch.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = tuple[int, ...]
Pads: TypeAlias = tuple[tuple[int, int], ...]
Cell: TypeAlias = tuple[int, ...]


def pool(
    x: npt.ArrayLike,
    *,
    kind: str,
    size: Ints,
    strides: Ints,
    pads: Pads,
    counts_pads: bool,
    channels_last: bool,
) -> Array:
    """Return each window's maximum, sum or average: 'max', 'sum' or 'average'.

    Pads do not count as cells: an average divides by the number of the window's cells that lie in
    the image, or by the whole window where `counts_pads` says so. NaN is the maximum of its window.

    >>> x = np.reshape([1.0, 5.0, 2.0, 8.0], (1, 4, 1))
    >>> window = dict(size=(2,), strides=(2,), pads=((1, 0),), channels_last=True)
    >>> pool(x, kind="average", counts_pads=False, **window).ravel()
    array([1. , 3.5])
    """
    cells = _channels_last(x, channels_last)
    counts = _output_size(cells.shape[1:-1], size, strides, pads)
    dtype = np.float64 if kind == "average" and cells.dtype.kind in "biu" else cells.dtype
    y = np.zeros((len(cells), *counts, cells.shape[-1]), dtype)
    for place, inside in _windows(cells.shape[1:-1], size, strides, pads):
        values = [cells[_at(cell)] for cell in inside]
        if kind == "max":
            y[_at(place)] = np.max(values, axis=0)
        else:
            total = sum(values[1:], start=values[0])
            number = _divisor(kind, size, inside, counts_pads)
            y[_at(place)] = total / number if number else total
    return y if channels_last else np.moveaxis(y, -1, 1)


def pool_gradient(
    x: npt.ArrayLike,
    cotangent: npt.ArrayLike,
    *,
    kind: str,
    size: Ints,
    strides: Ints,
    pads: Pads,
    counts_pads: bool,
    channels_last: bool,
) -> Array:
    """Return the gradient of sum(cotangent * pool(x)) for x.

    A maximum's goes to the first cell, rows before columns, that is as large; the first NaN is.

    >>> pool_gradient(np.reshape([3, 5, 5], (1, 3, 1)), np.reshape([7], (1, 1, 1)), kind="max",
    ...               size=(3,), strides=(1,), pads=((0, 0),), counts_pads=False,
    ...               channels_last=True).ravel()
    array([0., 7., 0.])
    """
    cells, g = _channels_last(x, channels_last), _channels_last(cotangent, channels_last)
    gradient = np.zeros(cells.shape, np.result_type(g, np.float64))
    for place, inside in _windows(cells.shape[1:-1], size, strides, pads):
        share = g[_at(place)]
        if kind == "max":
            _give_to_first(gradient, cells, inside, share)
            continue
        share = share / (_divisor(kind, size, inside, counts_pads) or 1)
        for cell in inside:
            gradient[_at(cell)] += share
    return gradient if channels_last else np.moveaxis(gradient, -1, 1)


def _give_to_first(gradient: Array, cells: Array, inside: list[Cell], share: Array) -> None:
    """Add the share, of each sample and channel, to the first cell that holds the maximum."""
    for sample, channel in np.ndindex(*share.shape):
        values = [cells[(sample, *cell, channel)] for cell in inside]
        gradient[(sample, *inside[int(np.argmax(values))], channel)] += share[sample, channel]


def _divisor(kind: str, size: Ints, inside: list[Cell], counts_pads: bool) -> int:
    """Return the divisor of the sum of a window; 0 if it is not divided."""
    if kind == "sum":
        return 0
    return int(np.prod(size)) if counts_pads else len(inside)


def _windows(
    cells: Ints, size: Ints, strides: Ints, pads: Pads
) -> Iterator[tuple[Cell, list[Cell]]]:
    """Yield each place of the window with the cells of the image that it covers, row by row."""
    for place in np.ndindex(*_output_size(cells, size, strides, pads)):
        axes = [
            [
                cell
                for cell in range(stride * i - low, stride * i - low + taps)
                # A negative pad crops: what it crops is outside of the image.
                if max(0, -low) <= cell < n + min(0, high)
            ]
            for i, n, taps, stride, (low, high) in zip(
                place, cells, size, strides, pads, strict=True
            )
        ]
        yield place, list(itertools.product(*axes))


def _output_size(cells: Ints, size: Ints, strides: Ints, pads: Pads) -> Ints:
    """Return how many windows fit on each axis."""
    axes = zip(cells, size, strides, pads, strict=True)
    return tuple(
        max((n + low + high - taps) // stride + 1, 0) for n, taps, stride, (low, high) in axes
    )


def _at(cell: Ints) -> tuple[Any, ...]:
    """Return where a cell is, of every sample and channel, channels last."""
    return (slice(None), *cell)


def _channels_last(value: npt.ArrayLike, channels_last: bool) -> Array:
    array = np.asarray(value)
    if array.dtype.kind != "O":
        array = array.astype(np.int64 if array.dtype.kind in "biu" else np.float64)
    return array if channels_last else np.moveaxis(array, 1, -1)
