"""Grouped and transposed convolutions, built from convolutions in one group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from convdispatch.kit._axes import windows
from convdispatch.kit._layouts import (
    channel_axis,
    first_spatial_axis,
    partial_size,
    spatial_axes,
)
from convdispatch.kit._moving import joining, padding
from convdispatch.kit._primitives import Primitives, functions_of
from convdispatch.kit._slices import read_by_tap, taking
from convdispatch.ops import Conv, ConvTranspose, Pad, Signature

Function = Callable[..., Any]
Functions = Mapping[str, Function]


def by_group(
    op: Conv, signature: Signature, backend: Primitives, *, split: Function | None = None
) -> Function:
    """Return the convolution that computes each group for itself.

    `split(x, groups, axis)` returns the equal parts of a tensor; without it they are taken.
    """
    functions = functions_of(backend)
    concatenate, split = functions["concatenate"], split or _splitting(functions)
    number = channel_axis(op)
    *taps, channels, filters = signature.weight_shapes[0]
    written = filters // op.groups
    input_shape = list(signature.input_shape)
    input_shape[number - 1] = channels
    alone = Signature(
        input_shape=tuple(input_shape),
        weight_shapes=((*taps, channels, written), *[(written,)] * op.bias),
        dtype=signature.dtype,
    )
    convolve = backend.lower(replace(op, groups=1), alone)

    def conv(x: Any, kernel: Any, *bias: Any) -> Any:
        parts = [split(x, op.groups, number), split(kernel, op.groups, len(taps) + 1)]
        parts += [split(one, op.groups, 0) for one in bias]
        return concatenate([convolve(*group) for group in zip(*parts, strict=True)], number)

    return conv


def _splitting(functions: Functions) -> Function:
    take, sizes_of = functions["take"], functions["shape"]

    def split(x: Any, groups: int, axis: int) -> list[Any]:
        size = sizes_of(x)[axis] // groups
        return [take(x, np.arange(size) + group * size, axis) for group in range(groups)]

    return split


def depthwise(op: Conv, signature: Signature, functions: Functions) -> Function:
    """Return, without bias and activation, the sum of all taps' products of (x, kernel).

    Each group reads one channel. Half precision comes as float32.
    """
    take, reshape = functions["take"], functions["reshape"]
    *taps, _, filters = signature.weight_shapes[0]
    zeros = tuple((max(low, 0), max(high, 0)) for low, high in op.pads)
    sizes = partial_size(op, signature)
    pad = padding(Pad(pads=zeros, channels_last=op.channels_last), sizes, functions)
    read = [
        (number, [read_by_tap(window, tap) for tap in range(window.taps)])
        for number, window in zip(spatial_axes(op), windows(op, signature), strict=True)
    ]
    taken = taking(take)
    joined, multiplier = joining(functions), filters // op.groups
    along_channels = (-1,) if op.channels_last else (-1, *[1] * len(taps))

    def product(x: Any, kernel: Any) -> Any:
        x = pad(x)
        if multiplier > 1:
            x = joined([x] * multiplier, channel_axis(op))
        flat = reshape(kernel, (math.prod(taps), filters))

        def summed(cells: Any, along: int, tap: int) -> Any:
            """Return the sum over the axes from `along` on, behind a tap of those before."""
            if along == len(read):
                return cells * reshape(take(flat, np.array([tap]), 0), along_channels)
            number, by_tap = read[along]
            parts = (
                summed(taken(cells, number, one), along + 1, tap * len(by_tap) + place)
                for place, one in enumerate(by_tap)
            )
            return reduce(lambda a, b: a + b, parts)

        return summed(x, 0, 0)

    return product


def transposed(op: ConvTranspose, signature: Signature, backend: Primitives) -> Function:
    """Return the convolution of the input, with zeros between its cells, by the reversed kernel.

    An infinite or NaN weight turns those zeros into NaN.
    """
    resolved = windows(op, signature)
    # `_spreading` puts zeros after the last cell, too.
    ends = ((*axis.turned, axis.stride - 1) for axis in resolved)
    spread_pads = tuple((low, high - zeros) for low, high, zeros in ends)
    taps = tuple(axis.taps for axis in resolved)
    spread = tuple(
        None if size is None else size * stride
        for size, stride in zip(partial_size(op, signature), op.strides, strict=True)
    )
    written, read = signature.weight_shapes[0][-2], signature.weight_shapes[0][-1]
    inner = Conv(
        strides=(1,) * len(taps),
        pads=spread_pads,
        dilation=op.dilation,
        groups=op.groups,
        channels_last=op.channels_last,
        bias=op.bias,
        activation=op.activation,
    )
    shape = (*spread, read) if op.channels_last else (read, *spread)
    turned_shape = (*taps, read // op.groups, written * op.groups)
    inner_signature = Signature(
        input_shape=shape,
        weight_shapes=(turned_shape, *signature.weight_shapes[1:]),
        dtype=signature.dtype,
    )
    convolve = backend.lower(inner, inner_signature)
    functions = functions_of(backend)
    turn = _turning(taps, written, read, op.groups, functions)
    spreading = _spreading(op, signature, functions)

    def conv_transpose(x: Any, kernel: Any, *bias: Any) -> Any:
        return convolve(spreading(x), turn(kernel), *bias)

    return conv_transpose


def _turning(
    taps: tuple[int, ...], written: int, read: int, groups: int, functions: Functions
) -> Function:
    """Return the function that reverses a kernel and exchanges each group's channels."""
    flip, reshape, transpose = (functions[name] for name in ("flip", "reshape", "transpose"))
    rank = len(taps)
    by_group = (*taps, written, groups, read // groups)
    exchanged = (*range(rank), rank + 2, rank + 1, rank)
    turned = (*taps, read // groups, groups * written)

    def turn(kernel: Any) -> Any:
        backwards = flip(kernel, tuple(range(rank)))
        return reshape(transpose(reshape(backwards, by_group), exchanged), turned)

    return turn


def _spreading(op: ConvTranspose, signature: Signature, functions: Functions) -> Function:
    """Return the function that puts `stride - 1` zeros after each cell."""
    pad, reshape, sizes_of = functions["pad"], functions["reshape"], functions["shape"]

    def steps(shape: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
        for index, stride in enumerate(op.strides, first_spatial_axis(op) - 1):
            if stride == 1:
                continue
            apart = (-1, *shape[: index + 1], 1, *shape[index + 1 :])
            around = [(0, 0)] * len(apart)
            around[index + 2] = (0, stride - 1)
            shape[index] *= stride
            yield apart, around, (-1, *shape)

    is_known = None not in signature.input_shape
    known = list(steps(list(signature.input_shape))) if is_known else []

    def spread(x: Any) -> Any:
        for apart, around, together in known if is_known else steps(list(sizes_of(x))[1:]):
            x = reshape(pad(reshape(x, apart), around), together)
        return x

    return spread
