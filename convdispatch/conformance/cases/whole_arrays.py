"""The ops over whole arrays: fast enough for a million cells.

Products are those of `oracle_by_taps`. Windows and resampled axes, which the oracle computes cell
by cell, are computed here for all cells at once, and a test compares them with the oracle.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.numerics import oracle_by_taps
from convdispatch.numerics.problem import Array, add_bias, before_bias
from convdispatch.ops import Conv, ConvTranspose, Dense, Op, Pad, Pool, Resize, Shape, Upsample

Pads = Sequence[tuple[int, int]]


def computed(op: Op, x: Array, *weights: Array) -> Array:
    """Return what the op gives before its activation, in its own layout."""
    if isinstance(op, Conv | ConvTranspose | Dense):
        return add_bias(op, before_bias(op, x, weights[0]), weights[1] if weights[1:] else None)
    if isinstance(op, Pad):
        return oracle_by_taps.pad(x, op.pads, channels_last=op.channels_last)
    cells = x if op.channels_last else np.moveaxis(x, 1, -1)
    y = _pooled(op, cells) if isinstance(op, Pool) else _resampled(op, cells)
    return y if op.channels_last else np.moveaxis(y, -1, 1)


def _padded(x: Array, pads: Pads, value: float = 0.0) -> Array:
    """Put that number around the spatial axes of channels-last cells; a negative number crops."""
    sizes = zip(x.shape[1:-1], pads, strict=True)
    kept = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in sizes)
    grown = [(max(low, 0), max(high, 0)) for low, high in pads]
    around = [(0, 0), *grown, (0, 0)]
    return np.pad(x[(slice(None), *kept)], around, constant_values=value)


def _pooled(op: Pool, x: Array) -> Array:
    is_max = op.kind == "max"
    cells = _padded(x, op.pads, -np.inf if is_max else 0.0)
    size = _placements(cells.shape[1:-1], op.size, op.strides)
    y = np.full((len(x), *size, x.shape[-1]), -np.inf if is_max else 0.0)
    counts = np.zeros((1, *size, 1))
    inside = _padded(np.ones((1, *x.shape[1:-1], 1)), op.pads)
    for read in _reads(size, op.size, op.strides):
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


def _placements(size: Shape, taps: Shape, strides: Shape) -> Shape:
    axes = zip(size, taps, strides, strict=True)
    return tuple((n - k) // stride + 1 for n, k, stride in axes)


def _reads(size: Shape, taps: Shape, strides: Shape) -> Iterator[tuple[Any, ...]]:
    """Yield where all windows have their first cell, their second one and so on."""
    for cell in itertools.product(*map(range, taps)):
        axes = zip(size, cell, strides, strict=True)
        yield slice(None), *(slice(j, j + s * (n - 1) + 1, s) for n, j, s in axes)
