"""The ops over whole arrays, one tap at a time: fast enough for a million cells.

The oracle goes from cell to cell. This module goes from tap to tap, and a test compares the two
where both can compute. Everything is float64; `conformance` alone imports it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.numerics.problem import Array
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Shape,
    Upsample,
    known_sizes,
)

Pads = Sequence[tuple[int, int]]


def computed(op: Op, x: Array, *weights: Array) -> Array:
    """Return what the op gives before its activation, in its own layout."""
    if isinstance(op, Dense):
        return _biased(x @ weights[0], weights[1:])
    cells = x if op.channels_last else np.moveaxis(x, 1, -1)
    y = _biased(_of_cells(op, cells, weights), weights[1:])
    return y if op.channels_last else np.moveaxis(y, -1, 1)


def window(op: Pool, place: Sequence[int]) -> tuple[slice, ...]:
    """Return where the window of an output cell lies in the padded image, axis by axis."""
    fields = zip(place, op.strides, op.size, strict=True)
    return tuple(slice(i * stride, i * stride + n) for i, stride, n in fields)


def padded(x: Array, pads: Pads, value: float = 0.0) -> Array:
    """Put that number around the spatial axes of channels-last cells; a negative number crops."""
    sizes = zip(x.shape[1:-1], pads, strict=True)
    kept = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in sizes)
    grown = [(max(low, 0), max(high, 0)) for low, high in pads]
    around = [(0, 0), *grown, (0, 0)]
    return np.pad(x[(slice(None), *kept)], around, constant_values=value)


def _of_cells(op: Op, x: Array, weights: tuple[Array, ...]) -> Array:
    if isinstance(op, Conv):
        return _correlated(op, x, weights[0])
    if isinstance(op, ConvTranspose):
        return _scattered(op, x, weights[0])
    if isinstance(op, Pad):
        return padded(x, op.pads)
    if isinstance(op, Pool):
        return _pooled(op, x)
    assert isinstance(op, Upsample | Resize)
    return _resampled(op, x)


def _correlated(op: Conv, x: Array, kernel: Array) -> Array:
    cells, taps = padded(x, op.pads), kernel.shape[:-2]
    size = _placements(cells.shape[1:-1], taps, op.strides, op.dilation)
    y = np.zeros((len(x), *size, kernel.shape[-1]))
    for tap, read in _reads(size, taps, op.strides, op.dilation):
        y += _product(cells[read], kernel[tap], op.groups)
    return y


def _scattered(op: ConvTranspose, y: Array, kernel: Array) -> Array:
    written = known_sizes(op.output_size)
    sizes = tuple(n + low + high for n, (low, high) in zip(written, op.pads, strict=True))
    cells = np.zeros((len(y), *sizes, kernel.shape[-2] * op.groups))
    for tap, read in _reads(y.shape[1:-1], kernel.shape[:-2], op.strides, op.dilation):
        by_group = np.split(kernel[tap], op.groups, -1)
        transposed = np.concatenate([matrix.T for matrix in by_group], -1)
        cells[read] += _product(y, transposed, op.groups)
    return padded(cells, [(-low, -high) for low, high in op.pads])


def _product(cells: Array, matrix: Array, groups: int) -> Array:
    """Return the cells times a matrix (channels of a group, filters), group by group."""
    if groups == 1:
        rows = cells.reshape(-1, cells.shape[-1]) @ matrix
        return np.asarray(rows.reshape(*cells.shape[:-1], -1))
    split: Array = cells.reshape(*cells.shape[:-1], groups, -1)
    by_group = matrix.reshape(len(matrix), groups, -1)
    y: Array = np.einsum("...gc,cgf->...gf", split, by_group)
    return y.reshape(*cells.shape[:-1], -1)


def _pooled(op: Pool, x: Array) -> Array:
    is_max, ones = op.kind == "max", (1,) * len(op.size)
    cells = padded(x, op.pads, -np.inf if is_max else 0.0)
    size = _placements(cells.shape[1:-1], op.size, op.strides, ones)
    y = np.full((len(x), *size, x.shape[-1]), -np.inf if is_max else 0.0)
    counts = np.zeros((1, *size, 1))
    inside = padded(np.ones((1, *x.shape[1:-1], 1)), op.pads)
    for _, read in _reads(size, op.size, op.strides, ones):
        y = np.maximum(y, cells[read]) if is_max else y + cells[read]
        counts += 1.0 if op.counts_pads else inside[read]
    return y / counts if op.kind == "average" else y


def _resampled(op: Upsample | Resize, x: Array) -> Array:
    if isinstance(op, Upsample):
        pairs = zip(x.shape[1:], op.factors, strict=False)
        sizes, coordinates = tuple(n * factor for n, factor in pairs), "half_pixel"
    else:
        sizes, coordinates = op.output_size, op.coordinates
    for axis, size in enumerate(sizes, 1):
        x = _along(x, axis, size, op.interpolation, coordinates)
    return x


def _along(x: Array, axis: int, n: int, interpolation: str, coordinates: str) -> Array:
    """Resample one axis; positions are quotients of integers."""
    m, i = x.shape[axis], np.arange(n)
    above, below = {
        "half_pixel": ((2 * i + 1) * m - n, 2 * n),
        "asymmetric": (i * m, n),
        "corners": (i * (m - 1), max(n - 1, 1)),
    }[coordinates]
    floor = above // below
    if interpolation == "nearest":
        nearest = floor if coordinates == "asymmetric" else (2 * above + below) // (2 * below)
        return np.asarray(np.take(x, np.clip(nearest, 0, m - 1), axis))
    share = ((above - floor * below) / below).reshape(-1, *(1,) * (x.ndim - axis - 1))
    low, high = (np.take(x, np.clip(floor + step, 0, m - 1), axis) for step in (0, 1))
    return np.asarray(low * (1 - share) + high * share)


def _biased(y: Array, bias: tuple[Array, ...]) -> Array:
    return y + bias[0] if bias else y


def _placements(size: Shape, taps: Shape, strides: Shape, dilation: Shape) -> Shape:
    axes = zip(size, taps, strides, dilation, strict=True)
    return tuple((n - rate * (k - 1) - 1) // stride + 1 for n, k, stride, rate in axes)


def _reads(size: Shape, taps: Shape, strides: Shape, dilation: Shape) -> Iterator[tuple[Any, Any]]:
    """Yield each tap, and where all placements read it."""
    for tap in itertools.product(*map(range, taps)):
        axes = zip(size, tap, strides, dilation, strict=True)
        read = (slice(j * d, j * d + s * (n - 1) + 1, s) for n, j, s, d in axes)
        yield tap, (slice(None), *read)
