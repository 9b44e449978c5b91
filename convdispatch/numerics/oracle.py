"""Convolutions written down from their definitions, to compare everything else with.

Loops over cells and taps, and NumPy alone: an oracle that shared the frontend's geometry would
share its bugs, and one that were fast would have to be tested itself. Integers give exact int64
results, Python objects such as fractions stay what they are, all else is computed in float64.

Layouts. Tensors are (batch, *spatial, channels), or (batch, channels, *spatial) where
`channels_last` is False. Kernels are (*spatial, input channels per group, output channels).
`oracle_pooling` and `oracle_resizing` are the same for those ops. Nothing here may import
convdispatch.
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
    """Cross-correlate: y[i] = sum over taps j of padded[stride * i + dilation * j] @ kernel[j].

    >>> x, kernel = np.reshape([1, 2, 3, 4], (1, 4, 1)), np.reshape([1, 10, 100], (3, 1, 1))
    >>> conv(x, kernel, strides=(2,), pads=((0, 1),), dilation=(1,), groups=1,
    ...      channels_last=True).ravel()
    array([321,  43])
    """
    cells, taps = _channels_last(exact(x), channels_last), exact(kernel)
    padded = _padded(cells, pads)
    size = result_size(padded.shape[1:-1], taps.shape[:-2], strides, dilation)
    y = np.zeros((len(padded), *size, taps.shape[-1]), np.result_type(cells, taps))
    for write, read, tap in _products(size, taps.shape, strides, dilation, groups):
        y[write] += padded[read] @ taps[tap]
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
    """Scatter y[i] @ kernel[j].T to padded[stride * i + dilation * j], then take the pads away.

    This is the adjoint of `conv` with the same arguments from `output_size` cells. Raises
    ValueError where that convolution does not give the cells of `y`.

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
    channels = taps.shape[-2] * groups
    padded = np.zeros((len(cells), *padded_size, channels), np.result_type(cells, taps))
    for write, read, tap in _products(size, taps.shape, strides, dilation, groups):
        padded[read] += cells[write] @ taps[tap].T
    return _layout(_padded(padded, _negated(pads)), channels_last)


def conv_gradients(
    x: npt.ArrayLike,
    kernel: npt.ArrayLike,
    cotangent: npt.ArrayLike,
    *,
    strides: Ints,
    pads: Pads,
    dilation: Ints,
    groups: int,
    channels_last: bool,
) -> tuple[Array, Array, Array]:
    """Return the gradients of sum(cotangent * (conv(x, kernel) + bias)) for x, kernel and bias."""
    fields: dict[str, Any] = {"strides": strides, "pads": pads, "dilation": dilation}
    fields |= {"groups": groups, "channels_last": channels_last}
    size = _channels_last(exact(x), channels_last).shape[1:-1]
    g = _channels_last(exact(cotangent), channels_last)
    return (
        conv_transpose(cotangent, kernel, **fields, output_size=size),
        conv_kernel_gradient(x, cotangent, kernel_shape=np.shape(kernel), **fields),
        g.sum(axis=tuple(range(g.ndim - 1))),
    )


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
    """Return the gradient of sum(cotangent * conv(x, kernel)) for the kernel.

    >>> x, cotangent = np.reshape([1, 2, 3], (1, 3, 1)), np.reshape([1, 10], (1, 2, 1))
    >>> conv_kernel_gradient(x, cotangent, kernel_shape=(2, 1, 1), strides=(1,), pads=((0, 0),),
    ...                      dilation=(1,), groups=1, channels_last=True).ravel()
    array([21, 32])
    """
    cells = _padded(_channels_last(exact(x), channels_last), pads)
    g = _channels_last(exact(cotangent), channels_last)
    gradient = np.zeros(kernel_shape, np.result_type(cells, g))
    for write, read, tap in _products(g.shape[1:-1], kernel_shape, strides, dilation, groups):
        gradient[tap] += cells[read].T @ g[write]
    return gradient


def pad(x: npt.ArrayLike, pads: Pads, *, channels_last: bool) -> Array:
    """Put zeros around the spatial axes; a negative number crops.

    >>> pad(np.reshape([1, 2, 3], (1, 3, 1)), ((1, -1),), channels_last=True).ravel()
    array([0, 1, 2])
    """
    return _layout(_padded(_channels_last(exact(x), channels_last), pads), channels_last)


def upsample(x: npt.ArrayLike, factors: Ints, *, interpolation: str, channels_last: bool) -> Array:
    """Enlarge by whole factors: 'nearest' repeats cells, 'bilinear' samples between centres.

    >>> upsample(np.reshape([0, 1], (1, 1, 2, 1)), (1, 2), interpolation="bilinear",
    ...          channels_last=True).ravel()
    array([0.  , 0.25, 0.75, 1.  ])
    """
    weights = {"nearest": nearest_weights, "bilinear": linear_weights}[interpolation]
    cells = _channels_last(exact(x), channels_last)
    size = tuple(n * factor for n, factor in zip(cells.shape[1:-1], factors, strict=True))
    dtype = cells.dtype if interpolation == "nearest" else np.result_type(cells, np.float64)
    y = np.zeros((len(cells), *size, cells.shape[-1]), dtype)
    for cell in np.ndindex(*size):
        axes = zip(cell, factors, cells.shape[1:-1], strict=True)
        for corner in itertools.product(*(weights(*axis) for axis in axes)):
            source, shares = zip(*corner, strict=True)
            y[(slice(None), *cell)] += np.prod(shares) * cells[(slice(None), *source)]
    return _layout(y, channels_last)


def upsample_gradient(
    cotangent: npt.ArrayLike, factors: Ints, *, interpolation: str, channels_last: bool
) -> Array:
    """Return the gradient of sum(cotangent * upsample(x)) for x: each share goes back.

    >>> upsample_gradient(np.reshape([1, 10, 100, 1000], (1, 4, 1)), (2,),
    ...                   interpolation="nearest", channels_last=True).ravel()
    array([  11, 1100])
    """
    weights = {"nearest": nearest_weights, "bilinear": linear_weights}[interpolation]
    g = _channels_last(exact(cotangent), channels_last)
    size = tuple(n // factor for n, factor in zip(g.shape[1:-1], factors, strict=True))
    dtype = g.dtype if interpolation == "nearest" else np.result_type(g, np.float64)
    gradient = np.zeros((len(g), *size, g.shape[-1]), dtype)
    for cell in np.ndindex(*g.shape[1:-1]):
        axes = zip(cell, factors, size, strict=True)
        for corner in itertools.product(*(weights(*axis) for axis in axes)):
            source, shares = zip(*corner, strict=True)
            gradient[(slice(None), *source)] += np.prod(shares) * g[(slice(None), *cell)]
    return _layout(gradient, channels_last)


def dense(x: npt.ArrayLike, kernel: npt.ArrayLike) -> Array:
    """Multiply: y[..., j] = sum over i of x[..., i] * kernel[i, j].

    >>> dense([[1, 2]], [[1, 10], [100, 1000]])
    array([[ 201, 2010]])
    """
    cells, matrix = exact(x), exact(kernel)
    y = np.zeros((*cells.shape[:-1], matrix.shape[-1]), np.result_type(cells, matrix))
    for i, j in np.ndindex(*matrix.shape):
        y[..., j] += cells[..., i] * matrix[i, j]
    return y


def exact(value: npt.ArrayLike) -> Array:
    """Return int64 for integers, objects as they are, and float64 for everything else.

    It may be the given array itself: nothing here writes into it.
    """
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return array
    return array.astype(np.int64 if array.dtype.kind in "biu" else np.float64, copy=False)


def _channels_last(x: Array, channels_last: bool) -> Array:
    return x if channels_last else np.moveaxis(x, 1, -1)


def _layout(x: Array, channels_last: bool) -> Array:
    return x if channels_last else np.moveaxis(x, -1, 1)


def _padded(x: Array, pads: Pads) -> Array:
    """Return the array whose cell c is cell c - low of `x`, or zero if that does not exist."""
    spatial = zip(x.shape[1:-1], pads, strict=True)
    size = tuple(n + low + high for n, (low, high) in spatial)
    padded = np.zeros((len(x), *size, x.shape[-1]), x.dtype)
    for cell in np.ndindex(*size):
        source = tuple(index - low for index, (low, _) in zip(cell, pads, strict=True))
        if all(0 <= index < n for index, n in zip(source, x.shape[1:-1], strict=True)):
            padded[(slice(None), *cell)] = x[(slice(None), *source)]
    return padded


def _negated(pads: Pads) -> Pads:
    return tuple((-low, -high) for low, high in pads)


def result_size(padded_size: Ints, taps: Ints, strides: Ints, dilation: Ints) -> Ints:
    """Count, on each axis, the placements at which the first and the last tap both fit."""
    axes = zip(padded_size, taps, strides, dilation, strict=True)
    return tuple(len(range(0, n - rate * (k - 1), stride)) for n, k, stride, rate in axes)


def _products(
    size: Ints, kernel_shape: Ints, strides: Ints, dilation: Ints, groups: int
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]]:
    """Yield the indices of the output, the padded input and the kernel of each small product."""
    *taps, channels, filters = kernel_shape
    per_group = filters // groups
    for cell, tap, group in itertools.product(np.ndindex(*size), np.ndindex(*taps), range(groups)):
        axes = zip(cell, tap, strides, dilation, strict=True)
        source = tuple(stride * i + rate * j for i, j, stride, rate in axes)
        read = slice(group * channels, (group + 1) * channels)
        write = slice(group * per_group, (group + 1) * per_group)
        yield (
            (slice(None), *cell, write),
            (slice(None), *source, read),
            (*tap, slice(None), write),
        )


def nearest_weights(cell: int, factor: int, size: int) -> list[tuple[int, float]]:
    """Return the input cells that an output cell of one axis reads, each with its share."""
    return [(cell // factor, 1)]


def linear_weights(cell: int, factor: int, size: int) -> list[tuple[int, float]]:
    """Return the two nearest cell centres, each with its share; outside, the outermost cell."""
    # In halves of an output cell, counted from the first centre of the input: integers, so that
    # each share is a quotient that is rounded once.
    unit = 2 * factor
    position = min(max(2 * cell + 1 - factor, 0), unit * (size - 1))
    below, above = position // unit, position % unit
    return [(below, (unit - above) / unit), (min(below + 1, size - 1), above / unit)]
