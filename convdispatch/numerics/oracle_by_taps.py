"""The oracle's sums with the cells that a tap reads taken together, as the suite needs them.

`oracle` writes each cell down, and takes four times as long as everything else in a run of the
suite. The sums here are the same, in the same order, with pads that are zeros and are multiplied
like all other cells. `tests/numerics/test_oracle_by_taps.py` compares the two, number by number.
The types of numbers and the layouts are those of `oracle`. Of convdispatch, only the oracle may be
imported here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.numerics.oracle import (
    Array,
    Ints,
    Pads,
    exact,
    linear_weights,
    nearest_weights,
    result_size,
)

Places: TypeAlias = tuple[Any, ...]
Corner: TypeAlias = tuple[Places, Array]  # cells of the image, each with its share


def conv(
    x: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    strides: Ints,
    pads: Pads,
    dilation: Ints,
    groups: int,
    channels_last: bool,
) -> Array:
    """Cross-correlate, as `oracle.conv` does.

    >>> x, kernel = np.reshape([1, 2, 3, 4], (1, 4, 1)), np.reshape([1, 10, 100], (3, 1, 1))
    >>> conv(x, kernel, strides=(2,), pads=((0, 1),), dilation=(1,), groups=1,
    ...      channels_last=True).ravel()
    array([321,  43])
    """
    cells, taps = _channels_last(exact(x), channels_last), exact(kernel)
    padded = _padded(cells, pads)
    size = result_size(padded.shape[1:-1], taps.shape[:-2], strides, dilation)
    columns = _columns(padded, _reads(size, taps.shape[:-2], strides, dilation), size)
    products = _side_by_side(columns, groups) @ _by_group(taps, groups)
    y = products.swapaxes(0, 1).reshape(len(cells), *size, taps.shape[-1])
    return _layout(y, channels_last)


def conv_transpose(
    y: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    strides: Ints,
    pads: Pads,
    dilation: Ints,
    groups: int,
    channels_last: bool,
    output_size: Ints,
) -> Array:
    """Scatter each cell by each tap, as `oracle.conv_transpose` does.

    >>> y, kernel = np.reshape([1, 2], (1, 2, 1)), np.reshape([1, 10, 100], (3, 1, 1))
    >>> conv_transpose(y, kernel, strides=(2,), pads=((0, 0),), dilation=(1,), groups=1,
    ...                channels_last=True, output_size=(5,)).ravel()
    array([  1,  10, 102,  20, 200])
    """
    cells, taps = _channels_last(exact(y), channels_last), exact(kernel)
    padded_size = tuple(
        size + low + high for size, (low, high) in zip(output_size, pads, strict=True)
    )
    size = result_size(padded_size, taps.shape[:-2], strides, dilation)
    if cells.shape[1:-1] != size:
        raise ValueError(f"a convolution of {output_size} gives {size}, not {cells.shape[1:-1]}")
    read, reads = taps.shape[-2], _reads(size, taps.shape[:-2], strides, dilation)
    products = _side_by_side(cells[..., np.newaxis, :], groups) @ _by_group(taps, groups).mT
    # (groups, cells, taps * channels of a group), and then all channels of a tap together.
    parts = products.reshape(groups, prod(cells.shape[:-1]), len(reads), read)
    scattered = parts.transpose(1, 2, 0, 3).reshape(len(cells), *size, len(reads), read * groups)
    padded = np.zeros((len(cells), *padded_size, read * groups), products.dtype)
    for tap, places in enumerate(reads):
        padded[places] += scattered[..., tap, :]
    return _layout(_padded(padded, tuple((-low, -high) for low, high in pads)), channels_last)


def conv_kernel_gradient(
    x: npt.ArrayLike,
    cotangent: npt.ArrayLike,
    *,
    kernel_shape: Ints,
    strides: Ints,
    pads: Pads,
    dilation: Ints,
    groups: int,
    channels_last: bool,
) -> Array:
    """Return the gradient of the kernel, as `oracle.conv_kernel_gradient` does.

    >>> x, cotangent = np.reshape([1, 2, 3], (1, 3, 1)), np.reshape([1, 10], (1, 2, 1))
    >>> conv_kernel_gradient(x, cotangent, kernel_shape=(2, 1, 1), strides=(1,), pads=((0, 0),),
    ...                      dilation=(1,), groups=1, channels_last=True).ravel()
    array([21, 32])
    """
    cells = _padded(_channels_last(exact(x), channels_last), pads)
    g = _channels_last(exact(cotangent), channels_last)
    size, (*taps, channels, filters) = g.shape[1:-1], kernel_shape
    columns = _columns(cells, _reads(size, tuple(taps), strides, dilation), size)
    by_group = _side_by_side(columns, groups).mT @ _side_by_side(g[..., np.newaxis, :], groups)
    return by_group.swapaxes(0, 1).reshape(*taps, channels, filters)


def pad(x: npt.ArrayLike, pads: Pads, *, channels_last: bool) -> Array:
    """Put zeros around the spatial axes, or crop, as `oracle.pad` does.

    >>> pad(np.reshape([1, 2, 3], (1, 3, 1)), ((1, -1),), channels_last=True).ravel()
    array([0, 1, 2])
    """
    return _layout(_padded(_channels_last(exact(x), channels_last), pads), channels_last)


def upsample(x: npt.ArrayLike, factors: Ints, *, interpolation: str, channels_last: bool) -> Array:
    """Enlarge by whole factors, as `oracle.upsample` does.

    >>> upsample(np.reshape([0, 1], (1, 1, 2, 1)), (1, 2), interpolation="bilinear",
    ...          channels_last=True).ravel()
    array([0.  , 0.25, 0.75, 1.  ])
    """
    cells = _channels_last(exact(x), channels_last)
    size = tuple(n * factor for n, factor in zip(cells.shape[1:-1], factors, strict=True))
    dtype = cells.dtype if interpolation == "nearest" else np.result_type(cells, np.float64)
    y = np.zeros((len(cells), *size, cells.shape[-1]), dtype)
    for source, share in _corners(cells.shape[1:-1], factors, interpolation):
        y += share * cells[source]
    return _layout(y, channels_last)


def upsample_gradient(
    cotangent: npt.ArrayLike, factors: Ints, *, interpolation: str, channels_last: bool
) -> Array:
    """Return the gradient of the image, as `oracle.upsample_gradient` does.

    >>> upsample_gradient(np.reshape([1, 10, 100, 1000], (1, 4, 1)), (2,),
    ...                   interpolation="nearest", channels_last=True).ravel()
    array([  11, 1100])
    """
    g = _channels_last(exact(cotangent), channels_last)
    size = tuple(n // factor for n, factor in zip(g.shape[1:-1], factors, strict=True))
    dtype = g.dtype if interpolation == "nearest" else np.result_type(g, np.float64)
    gradient = np.zeros((len(g), *size, g.shape[-1]), dtype)
    for source, share in _corners(size, factors, interpolation):
        np.add.at(gradient, source, share * g)
    return _layout(gradient, channels_last)


def _corners(size: Ints, factors: Ints, interpolation: str) -> Iterator[Corner]:
    """Yield the first, second, ... cell that every cell of an enlarged image reads."""
    weights = {"nearest": nearest_weights, "bilinear": linear_weights}[interpolation]
    axes = []
    for n, factor in zip(size, factors, strict=True):
        read = [weights(cell, factor, n) for cell in range(n * factor)]
        axes.append(list(zip(*read, strict=True)))
    for corner in itertools.product(*axes):
        sources, shares = zip(*(zip(*axis, strict=True) for axis in corner), strict=True)
        places = np.ix_(*(np.array(source, int) for source in sources))
        whole = np.array(1)
        for share in shares:
            whole = np.multiply.outer(whole, np.array(share))
        yield (slice(None), *places), whole[..., np.newaxis]


@lru_cache(maxsize=256)
def _reads(size: Ints, taps: Ints, strides: Ints, dilation: Ints) -> tuple[Places, ...]:
    """Return for each tap the cells of the padded input that all cells of the output read by it."""
    return tuple(
        (
            slice(None),
            *(
                slice(rate * j, rate * j + stride * n, stride)
                for n, j, stride, rate in zip(size, tap, strides, dilation, strict=True)
            ),
        )
        for tap in np.ndindex(*taps)
    )


def _columns(padded: Array, reads: tuple[Places, ...], size: Ints) -> Array:
    """Return what each cell of the output reads: (batch, *size, taps, channels)."""
    columns = np.empty((len(padded), *size, len(reads), padded.shape[-1]), padded.dtype)
    for tap, read in enumerate(reads):
        columns[..., tap, :] = padded[read]
    return columns


def _side_by_side(columns: Array, groups: int) -> Array:
    """Return (groups, cells, taps * channels of a group)."""
    taps, channels = columns.shape[-2:]
    cells = prod(columns.shape[:-2])
    split = columns.reshape(cells, taps, groups, channels // groups)
    return split.transpose(2, 0, 1, 3).reshape(groups, cells, taps * (channels // groups))


def _by_group(kernel: Array, groups: int) -> Array:
    """Return (groups, taps * channels of a group, filters of a group)."""
    *taps, channels, filters = kernel.shape
    split = kernel.reshape(prod(taps) * channels, groups, filters // groups)
    return split.swapaxes(0, 1)


def _padded(x: Array, pads: Pads) -> Array:
    """Return the array whose cell c is cell c - low of `x`, or zero if that does not exist."""
    spatial = list(zip(x.shape[1:-1], pads, strict=True))
    padded = np.zeros(
        (len(x), *(n + low + high for n, (low, high) in spatial), x.shape[-1]), x.dtype
    )
    kept = [n + min(low, 0) + min(high, 0) for n, (low, high) in spatial]
    if all(n > 0 for n in kept):
        begins = [(max(low, 0), max(-low, 0), n) for n, (low, _) in zip(kept, pads, strict=True)]
        target = tuple(slice(begin, begin + n) for begin, _, n in begins)
        source = tuple(slice(begin, begin + n) for _, begin, n in begins)
        padded[(slice(None), *target)] = x[(slice(None), *source)]
    return padded


def _rows(cells: Array) -> Array:
    """Return all cells of all samples one below the other."""
    return cells.reshape(-1, cells.shape[-1])


def _channels_last(x: Array, channels_last: bool) -> Array:
    return x if channels_last else x.transpose(0, *range(2, x.ndim), 1)


def _layout(x: Array, channels_last: bool) -> Array:
    return x if channels_last else x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))
