"""From each op to a PyTorch function.

Nothing here reads the batch size, so that a function traces with a dynamic one. float32 follows
the user's global flags: on Ampere and later GPUs cuDNN rounds to TF32 unless
`torch.backends.cudnn.conv.fp32_precision = "ieee"` (`allow_tf32 = False` before torch 2.9) is set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import singledispatch

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import Conv, ConvTranspose, Op, Pad, Signature, Upsample, spatial_rank
from convdispatch_torch._functions import ACTIVATIONS
from convdispatch_torch._kernels import turning
from convdispatch_torch._products import (
    LARGE_KERNEL,
    by_columns,
    is_for_values_alone,
    pointwise,
)

Function = Callable[..., torch.Tensor]
Pads = Sequence[tuple[int, int]]

_HALF = ("float16", "bfloat16")
_CONV: tuple[Function, ...] = (F.conv1d, F.conv2d, F.conv3d)
_CONV_TRANSPOSE: tuple[Function, ...] = (
    F.conv_transpose1d,
    F.conv_transpose2d,
    F.conv_transpose3d,
)


@singledispatch
def lower(op: Op, signature: Signature) -> Function:
    """Return the PyTorch function that computes `op`."""
    raise UnsupportedOp(
        f"the backend 'torch' has no op {type(op).__name__!r}: it is older than the frontend."
    )


@lower.register
def _lower_conv(op: Conv, signature: Signature) -> Function:
    strides, pads = _strides_that_matter(op, signature)
    # A tensor is padded only where `padding`, one number for both sides, cannot say it.
    padding = tuple(max(min(sides), 0) for sides in pads)
    rest = [(low - both, high - both) for (low, high), both in zip(pads, padding, strict=True)]
    convolve = _CONV[spatial_rank(op) - 1]
    arguments: tuple[object, ...] = strides, padding, op.dilation, op.groups
    if op.groups == 1 and max(*strides, *op.dilation) == 1 and not any(padding):
        arguments = ()  # those are torch's defaults, and to read them takes half a microsecond
    turned = _adapted(convolve, arguments, op, signature, pad=_pad_last_axes(rest))
    fn = _as_product(op, strides, pads, signature, otherwise=turned) or turned
    return _in_float32_on_cpu(fn, signature)


@lower.register
def _lower_conv_transpose(op: ConvTranspose, signature: Signature) -> Function:
    convolve = _CONV_TRANSPOSE[spatial_rank(op) - 1]
    crops = _transpose_crops(op, signature)
    # A single cell needs no stride, and its gradient is the convolution that must not have one.
    strides = [
        1 if cells == 1 else stride
        for cells, stride in zip(_spatial(op, signature), op.strides, strict=True)
    ]
    extra = tuple(low - high for low, high in crops)
    rates = zip(strides, op.dilation, strict=True)
    if all(low >= 0 for low, _ in crops) and all(
        0 <= cells < max(rate) for cells, rate in zip(extra, rates, strict=True)
    ):
        padding = tuple(low for low, _ in crops)
        arguments = strides, padding, extra, op.groups, op.dilation
        return _in_float32_on_cpu(_adapted(convolve, arguments, op, signature), signature)

    crop = _pad_last_axes([(-low, -high) for low, high in crops]) or ACTIVATIONS["linear"]

    def convolve_and_crop(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        y = crop(convolve(x, kernel, None, strides, 0, 0, op.groups, op.dilation))
        return y if bias is None else y + bias.reshape(-1, *[1] * len(crops))

    return _in_float32_on_cpu(_adapted(convolve_and_crop, (), op, signature), signature)


@lower.register
def _lower_pad(op: Pad, signature: Signature) -> Function:
    channels = [(0, 0)] if op.channels_last else []
    # Without pads a copy as well: who changes the result in place must not change the input.
    return _pad_last_axes([*op.pads, *channels]) or torch.clone


@lower.register
def _lower_upsample(op: Upsample, signature: Signature) -> Function:
    if op.interpolation == "nearest":
        first = 1 if op.channels_last else 2

        def nearest(x: torch.Tensor) -> torch.Tensor:
            # `F.interpolate` finds the cell to repeat in float32, which errs for large images.
            for axis, factor in enumerate(op.factors, first):
                x = x.repeat_interleave(factor, axis)
            return x

        # Copying is exact, but its gradient adds up.
        return _in_float32_on_cpu(nearest, signature)

    def bilinear(x: torch.Tensor) -> torch.Tensor:
        # `F.interpolate` finds the weights in float32 too, from positions as large as the image.
        for axis, factor in enumerate(op.factors, 1 if op.channels_last else 2):
            x = _interpolate(x, axis, factor)
        return x

    return _in_float32_on_cpu(bilinear, signature)


def _interpolate(x: torch.Tensor, axis: int, factor: int) -> torch.Tensor:
    """Return one axis enlarged: between two cells lie `factor` samples, weighted alike for all."""
    cells = x.shape[axis]
    before = torch.cat([x.narrow(axis, 0, 1), x.narrow(axis, 0, cells - 1)], axis)
    after = torch.cat([x.narrow(axis, 1, cells - 1), x.narrow(axis, cells - 1, 1)], axis)
    samples = []
    for phase in range(factor):
        offset = (phase + 0.5) / factor - 0.5  # of the sample from the centre of its cell
        neighbour = before if offset < 0 else after
        samples.append((1 - abs(offset)) * x + abs(offset) * neighbour)
    return torch.stack(samples, axis + 1).flatten(axis, axis + 1)


def _spatial(op: Op, signature: Signature) -> tuple[int, ...]:
    return signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]


def _strides_that_matter(op: Conv, signature: Signature) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the strides and pads, without strides along axes of which one cell comes out.

    oneDNN's float32 kernel in torch 2.13 computes wrong numbers where one input channel, seen
    channels-last, is strided to a width of one cell: (2, 1, 4, 3) by (2, 1, 3, 3), stride (1, 2).
    """
    strides, pads = [], []
    for cells, taps, stride, dilation, (low, high) in zip(
        _spatial(op, signature),
        signature.weight_shapes[0],
        op.strides,
        op.dilation,
        op.pads,
        strict=False,
    ):
        left_over = cells + low + high - (taps - 1) * dilation - 1
        is_single = left_over < stride
        strides.append(1 if is_single else stride)
        pads.append((low, high - left_over if is_single else high))
    return strides, pads


def _transpose_crops(op: ConvTranspose, signature: Signature) -> list[tuple[int, int]]:
    """Return how many cells to drop at either end of all those that taps reach."""
    axes = zip(
        _spatial(op, signature),
        signature.weight_shapes[0],
        op.strides,
        op.dilation,
        op.pads,
        op.output_size,
        strict=False,
    )
    crops = []
    for cells, taps, stride, dilation, (low, _), size in axes:
        reached = (cells - 1) * stride + (taps - 1) * dilation + 1
        crops.append((low, reached - low - size))
    return crops


def _adapted(
    native: Function,
    arguments: tuple[object, ...],
    op: Conv | ConvTranspose,
    signature: Signature,
    *,
    pad: Function | None = None,
) -> Function:
    """Wrap torch's convolution in what the op says of layout, pads and activation.

    All in one function, because it is called for every tiny convolution. What torch is given of a
    channels-last tensor is a view, which torch knows as `channels_last`.
    """
    permute = torch.permute  # takes half a microsecond less for a tuple than the tensor's method
    rank = spatial_rank(op)
    turn = turning(signature.weight_shapes[0])
    channels_last = op.channels_last
    to_first, to_last = (0, rank + 1, *range(1, rank + 1)), (0, *range(2, rank + 2), 1)
    activation = _activation(op)

    def convolve(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        if channels_last:
            x = permute(x, to_first)
        if pad is not None:
            x = pad(x)
        y = native(x, turn(kernel), bias, *arguments)
        if activation is not None:
            y = activation(y)
        return permute(y, to_last) if channels_last else y

    return convolve


def _as_product(
    op: Conv, strides: list[int], pads: Pads, signature: Signature, *, otherwise: Function
) -> Function | None:
    """Return the convolution by a product of matrices wherever that is faster, if it ever is."""
    kernel_shape = signature.weight_shapes[0]
    if op.groups > 1 or not op.channels_last:
        return None
    *taps, _, filters = kernel_shape
    if max(taps) == 1 and not any(map(any, pads)):
        return _then(_activation(op), pointwise(strides, kernel_shape))
    if math.prod(kernel_shape) < LARGE_KERNEL:
        return None
    pad = _pad_last_axes([*pads, (0, 0)])
    columns = _then(_activation(op), by_columns(op, strides, pad, tuple(taps)))
    axes = zip(_spatial(op, signature), taps, strides, op.dilation, pads, strict=True)
    cells = math.prod(
        (size + low + high - (count - 1) * rate - 1) // stride + 1
        for size, count, stride, rate, (low, high) in axes
    )

    def convolve(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        # The columns are copied, or the kernel: the smaller of them.
        if is_for_values_alone(x) and x.shape[0] * cells <= filters:
            return columns(x, *weights)
        return otherwise(x, *weights)

    return convolve


def _activation(op: Conv | ConvTranspose) -> Function | None:
    if op.activation == "relu" and isinstance(op, Conv):
        return torch.relu_  # in its place: the result is new, and no gradient needs it
    return None if op.activation == "linear" else ACTIVATIONS[op.activation]


def _then(activation: Function | None, product: Function) -> Function:
    if activation is None:
        return product
    return lambda *operands: activation(product(*operands))


def _in_float32_on_cpu(fn: Function, signature: Signature) -> Function:
    """Return `fn`, computing half precision in float32 where no tensor core sums it so."""
    if signature.dtype not in _HALF:
        return fn

    def computed(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        if x.device.type != "cpu":
            return fn(x, *weights)
        return fn(x.float(), *[weight.float() for weight in weights]).to(x.dtype)

    return computed


def _pad_last_axes(pads: Pads) -> Function | None:
    """Return the function that pads, or with negative numbers crops, the last axes, if any."""
    from_last_axis = [cells for pair in reversed(pads) for cells in pair]
    if not any(from_last_axis):
        return None
    grown = [max(cells, 0) for cells in from_last_axis]
    cropped = [min(cells, 0) for cells in from_last_axis]
    if not (any(grown) and any(cropped)):
        return lambda x: F.pad(x, from_last_axis)
    # Grown before it is cropped: `F.pad` of torch 2.13 crops first, and raises "length must be
    # non-negative" where a crop is longer than the axis was, as (2, -2) for one cell.
    return lambda x: F.pad(F.pad(x, grown), cropped)
