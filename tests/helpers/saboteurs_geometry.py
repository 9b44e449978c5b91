"""Convolutions that read the wrong cells: pads, strides, rates, crops and taps.

Wherever it can be, the fault leaves the result's shape as it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sabotage import lowering

from convdispatch.ops import Conv, ConvTranspose, Signature

FORWARD = ("conv*/core/*", "conv*/full/*")


def taps(signature: Signature) -> tuple[int, ...]:
    """Return the kernel's spatial shape."""
    return signature.weight_shapes[0][:-2]


def size(op: Any, signature: Signature) -> tuple[int, ...]:
    """Return the input's spatial shape."""
    return signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]


def shifted(op: Any, cells: Sequence[int]) -> Any:
    """Return the op that reads, or writes, so many cells further up on each axis."""
    pairs = zip(op.pads, cells, strict=True)
    return replace(op, pads=tuple((low - n, high + n) for (low, high), n in pairs))


def with_rates(op: Any, signature: Signature, rates: Sequence[int]) -> Any:
    """Return the op of other dilation rates that gives a result of the same size."""
    axes = zip(op.pads, taps(signature), op.dilation, rates, strict=True)
    pads = tuple((low, high + (k - 1) * (new - old)) for (low, high), k, old, new in axes)
    return replace(op, pads=pads, dilation=tuple(rates))


def spatial(op: Any, index: Sequence[slice]) -> tuple[slice, ...]:
    """Return the index that takes these cells of a tensor, on the spatial axes."""
    whole = slice(None)
    return (whole, *index, whole) if op.channels_last else (whole, whole, *index)


@lowering("conv?d/*", ops=(Conv,))
def pads_swapped(lower, op, signature):
    """Read pads as (high, low)."""
    return lower(replace(op, pads=tuple((high, low) for low, high in op.pads)), signature)


@lowering("conv?d_transpose/*", ops=(ConvTranspose,))
def transposed_pads_swapped(lower, op, signature):
    """Read the pads of a transposed convolution as (high, low)."""
    return lower(replace(op, pads=tuple((high, low) for low, high in op.pads)), signature)


@lowering(*FORWARD)
def pads_from_half_the_kernel(lower, op, signature):
    """Put k // 2 pads before the data and the rest after it, whatever the op says."""

    def split(low, high, k, rate):
        first = min((k - 1) * rate // 2 + (k % 2 == 0), low + high)
        return (first, low + high - first) if min(low, high) >= 0 else (low, high)

    axes = zip(op.pads, taps(signature), op.dilation, strict=True)
    return lower(replace(op, pads=tuple(split(*pad, k, rate) for pad, k, rate in axes)), signature)


@lowering(*FORWARD)
def even_kernels_padded_first(lower, op, signature):
    """Put the odd cell of an even kernel's padding before the data."""
    pairs = zip(op.pads, taps(signature), strict=True)
    pads = tuple(
        (high, low) if k % 2 == 0 and high == low + 1 else (low, high) for (low, high), k in pairs
    )
    return lower(replace(op, pads=pads), signature)


@lowering(*FORWARD)
def pads_reversed_for_channels_first(lower, op, signature):
    """Read the pads in reverse order of axes where channels come first."""
    return lower(op if op.channels_last else replace(op, pads=op.pads[::-1]), signature)


@lowering(*FORWARD)
def negative_pads_ignored(lower, op, signature):
    """Crop nothing."""
    pads = tuple((max(low, 0), max(high, 0)) for low, high in op.pads)
    return lower(replace(op, pads=pads), signature)


@lowering(*FORWARD)
def crops_moved_to_the_end(lower, op, signature):
    """Crop at the end of the data what should be cropped at its beginning."""
    return lower(shifted(op, [min(low, 0) for low, _ in op.pads]), signature)


@lowering("conv?d/*")
def crop_to_minus_zero(lower, op, signature):
    """Crop the low end with x[n:-0], which is empty, so that zeros come out."""
    crops_low = any(low < 0 and high == 0 for low, high in op.pads)
    compute = lower(op, signature)
    return (lambda x, *weights: compute(x * 0, *weights)) if crops_low else compute


@lowering("conv?d/*", ops=(Conv,))
def kernel_flipped(lower, op, signature):
    """Compute a true convolution instead of a correlation."""
    return _with_kernel(lower(op, signature), lambda k: k[(slice(None, None, -1),) * (k.ndim - 2)])


@lowering("conv?d_transpose/*", ops=(ConvTranspose,))
def transposed_kernel_flipped(lower, op, signature):
    """Reverse the kernel of a transposed convolution once too often."""
    return _with_kernel(lower(op, signature), lambda k: k[(slice(None, None, -1),) * (k.ndim - 2)])


@lowering("conv2d*")
def kernel_axes_transposed(lower, op, signature):
    """Exchange rows and columns of square kernels."""
    compute, square = lower(op, signature), taps(signature)
    if len(square) != 2 or square[0] != square[1]:
        return compute
    return _with_kernel(compute, lambda k: k.swapaxes(0, 1))


@lowering("conv2d*", "conv3d*")
def dilation_ignored_on_the_last_axis(lower, op, signature):
    """Ignore the dilation of the last of several axes."""
    if len(op.pads) == 1:
        return lower(op, signature)
    return lower(with_rates(op, signature, (*op.dilation[:-1], 1)), signature)


@lowering("conv2d*", "conv3d*")
def first_rate_for_all_axes(lower, op, signature):
    """Use the dilation of the first axis on every axis."""
    return lower(with_rates(op, signature, op.dilation[:1] * len(op.pads)), signature)


@lowering(*FORWARD)
def dilation_ignored_where_strided(lower, op, signature):
    """Compute a convolution with both strides and dilation without the dilation."""
    strided = max(op.strides) > 1
    rates = [1] * len(op.pads) if strided else op.dilation
    return lower(with_rates(op, signature, rates), signature)


@lowering("conv2d*", "conv3d*")
def strides_transposed(lower, op, signature):
    """Read the strides in reverse order of axes."""
    return lower(replace(op, strides=op.strides[::-1]), signature)


@lowering("conv2d*", "conv3d*")
def first_stride_for_depthwise(lower, op, signature):
    """Use the first stride on every axis where each channel has filters of its own."""
    depthwise = op.groups > 1 and signature.weight_shapes[0][-2] == 1
    return lower(replace(op, strides=op.strides[:1] * len(op.pads)) if depthwise else op, signature)


@lowering("conv?d/*", ops=(Conv,))
def stride_limited_to_the_kernel(lower, op, signature):
    """Leave no gap between placements where the stride is larger than the kernel."""
    strides = tuple(min(pair) for pair in zip(op.strides, taps(signature), strict=True))
    if strides == op.strides:
        return lower(op, signature)
    compute = lower(replace(op, strides=strides), signature)
    cells = spatial(op, [slice(n) for n in _output_size(op, signature)])
    return lambda *tensors: compute(*tensors)[cells]


@lowering("conv?d/*", ops=(Conv,))
def last_cell_dropped(lower, op, signature):
    """Return zeros for the last placement where the stride leaves cells unread."""
    compute = lower(op, signature)
    unread = [
        (n + low + high - rate * (k - 1) - 1) % stride
        for n, (low, high), k, stride, rate in zip(
            size(op, signature), op.pads, taps(signature), op.strides, op.dilation, strict=True
        )
    ]
    if not any(unread):
        return compute
    mask = np.ones(_output_size(op, signature), "f4")
    for axis, cells in enumerate(unread):
        mask[(slice(None),) * axis + (slice(-1 if cells else mask.shape[axis], None),)] = 0
    mask = mask[..., None] if op.channels_last else mask
    return lambda *tensors: compute(*tensors) * mask


@lowering("conv?d_transpose/*", ops=(ConvTranspose,))
def transposed_crop_off_by_one(lower, op, signature):
    """Crop a strided transposed convolution one cell too far down."""
    cells = [
        -1 if stride > 1 and low > 0 else 0
        for stride, (low, _) in zip(op.strides, op.pads, strict=True)
    ]
    return lower(shifted(op, cells), signature)


@lowering("conv?d_transpose/*", ops=(ConvTranspose,))
def output_padding_before_the_data(lower, op, signature):
    """Put the cells that no tap reaches before the others instead of after them."""
    return lower(shifted(op, _unreached(op, signature)), signature)


@lowering("conv?d_transpose/*", ops=(ConvTranspose,))
def no_bias_where_no_tap_reaches(lower, op, signature):
    """Add no bias to cells of a transposed convolution that no tap reaches."""
    compute = lower(op, signature)
    if not op.bias:
        return compute
    plain = lower(replace(op, bias=False), signature)
    reached = replace(op, bias=False, activation="linear", groups=1)
    shape = (*taps(signature), 1, 1)
    alone = (*size(op, signature), 1) if op.channels_last else (1, *size(op, signature))
    ones = replace(signature, input_shape=alone, weight_shapes=(shape,), dtype="float32")
    mask = lower(reached, ones)(np.ones((1, *alone), "f4"), np.ones(shape, "f4")) > 0
    return lambda x, k, bias: compute(x, k, bias) * mask + plain(x, k) * ~mask


@lowering("conv?d/*kernel-is-input*", ops=(Conv,))
def kernel_as_large_as_the_input_misread(lower, op, signature):
    """Put the channels before the cells in a kernel as large as the input."""
    compute, kernel = lower(op, signature), signature.weight_shapes[0]
    if taps(signature) != size(op, signature) or max(map(max, op.pads)) > 0 or op.groups > 1:
        return compute
    axes = (len(kernel) - 2, *range(len(kernel) - 2), len(kernel) - 1)
    return _with_kernel(compute, lambda k: k.transpose(axes).reshape(kernel))


def _with_kernel(compute, change):
    return lambda x, kernel, *bias: compute(x, change(kernel), *bias)


def _output_size(op, signature):
    axes = zip(size(op, signature), op.pads, taps(signature), op.strides, op.dilation, strict=True)
    return tuple(
        (n + low + high - rate * (k - 1) - 1) // stride + 1
        for n, (low, high), k, stride, rate in axes
    )


def _unreached(op, signature):
    """Return, of each axis, how many cells of the padded result lie behind the last tap."""
    axes = zip(
        op.output_size,
        op.pads,
        taps(signature),
        op.strides,
        op.dilation,
        size(op, signature),
        strict=True,
    )
    return [
        n + low + high - (stride * (read - 1) + rate * (k - 1) + 1)
        for n, (low, high), k, stride, rate, read in axes
    ]
