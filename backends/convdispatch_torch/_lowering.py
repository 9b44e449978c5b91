"""From each op to a PyTorch function.

Nothing here reads the batch size, so that a function traces with a dynamic one. float32 follows
the user's global flags: on Ampere and later GPUs cuDNN rounds to TF32 unless
`torch.backends.cudnn.conv.fp32_precision = "ieee"` (`allow_tf32 = False` before torch 2.9) is set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch.ops import Conv, ConvTranspose, Op, Pad, Signature, Upsample, spatial_rank
from convdispatch_torch._functions import FUNCTIONS

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
    raise NotImplementedError(type(op).__name__)


@lower.register
def _lower_conv(op: Conv, signature: Signature) -> Function:
    convolve = _CONV[spatial_rank(op) - 1]
    # A tensor is padded only where `padding`, one number for both sides, cannot say it.
    padding = tuple(max(min(pads), 0) for pads in op.pads)
    rest = [(low - both, high - both) for (low, high), both in zip(op.pads, padding, strict=True)]
    pad = _pad_last_axes(rest)

    def conv(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        return convolve(pad(x), kernel, bias, op.strides, padding, op.dilation, op.groups)

    return _adapted(conv, op, signature)


@lower.register
def _lower_conv_transpose(op: ConvTranspose, signature: Signature) -> Function:
    convolve = _CONV_TRANSPOSE[spatial_rank(op) - 1]
    crops = _transpose_crops(op, signature)
    extra = tuple(low - high for low, high in crops)
    rates = zip(op.strides, op.dilation, strict=True)
    if all(low >= 0 for low, _ in crops) and all(
        0 <= cells < max(rate) for cells, rate in zip(extra, rates, strict=True)
    ):
        padding = tuple(low for low, _ in crops)

        def conv(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
            taps = kernel.contiguous()
            return convolve(x, taps, bias, op.strides, padding, extra, op.groups, op.dilation)

        return _adapted(conv, op, signature)

    # Grown before it is cropped: a crop may be longer than what the taps reach.
    grow = _pad_last_axes([(max(-low, 0), max(-high, 0)) for low, high in crops])
    crop = _pad_last_axes([(min(-low, 0), min(-high, 0)) for low, high in crops])

    def conv_and_crop(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        taps = kernel.contiguous()
        full = convolve(x, taps, None, op.strides, 0, 0, op.groups, op.dilation)
        y = crop(grow(full))
        return y if bias is None else y + bias.reshape(-1, *[1] * len(crops))

    return _adapted(conv_and_crop, op, signature)


@lower.register
def _lower_pad(op: Pad, signature: Signature) -> Function:
    channels = [(0, 0)] if op.channels_last else []
    return _pad_last_axes([*op.pads, *channels])


@lower.register
def _lower_upsample(op: Upsample, signature: Signature) -> Function:
    if op.interpolation == "nearest":
        first = 1 if op.channels_last else 2

        def nearest(x: torch.Tensor) -> torch.Tensor:
            # `F.interpolate` finds the cell to repeat in float32, which errs for large images.
            for axis, factor in enumerate(op.factors, first):
                x = x.repeat_interleave(factor, axis)
            return x

        return nearest

    spatial = signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]
    size = tuple(cells * factor for cells, factor in zip(spatial, op.factors, strict=True))

    def bilinear(x: torch.Tensor) -> torch.Tensor:
        return F.interpolate(x, size, mode="bilinear", align_corners=False)

    return _in_float32_on_cpu(_channels_first(bilinear, op), signature)


def _transpose_crops(op: ConvTranspose, signature: Signature) -> list[tuple[int, int]]:
    """Return how many cells to drop at either end of all those that taps reach."""
    read = signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]
    axes = zip(
        read, signature.weight_shapes[0], op.strides, op.dilation, op.pads, op.output_size,
        strict=False,
    )  # fmt: skip
    crops = []
    for cells, taps, stride, dilation, (low, _), size in axes:
        reached = (cells - 1) * stride + (taps - 1) * dilation + 1
        crops.append((low, reached - low - size))
    return crops


def _adapted(conv: Function, op: Conv | ConvTranspose, signature: Signature) -> Function:
    """Wrap a convolution in torch's layout in what the op says of layout and activation."""
    activation = FUNCTIONS[op.activation]

    def convolve(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        # (*spatial, in, out) seen as torch's (out, in, *spatial).
        channels_in_front = kernel.permute(-1, -2, *range(kernel.ndim - 2))
        y: torch.Tensor = activation(conv(x, channels_in_front, bias))
        return y

    return _in_float32_on_cpu(_channels_first(convolve, op), signature)


def _channels_first(fn: Function, op: Conv | ConvTranspose | Upsample) -> Function:
    """Return `fn` for the op's layout: views only, which torch knows as `channels_last`."""
    if not op.channels_last:
        return fn

    def permuted(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        return fn(x.movedim(-1, 1), *weights).movedim(1, -1)

    return permuted


def _in_float32_on_cpu(fn: Function, signature: Signature) -> Function:
    """Return `fn`, computing half precision in float32 where no tensor core sums it so."""
    if signature.dtype not in _HALF:
        return fn

    def computed(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        if x.device.type != "cpu":
            return fn(x, *weights)
        return fn(x.float(), *[weight.float() for weight in weights]).to(x.dtype)

    return computed


def _pad_last_axes(pads: Pads) -> Function:
    """Return the function that pads, or with negative numbers crops, the last axes."""
    from_last_axis: list[Any] = [cells for pair in reversed(pads) for cells in pair]
    if not any(from_last_axis):
        return FUNCTIONS["linear"]

    def pad(x: torch.Tensor) -> torch.Tensor:
        return F.pad(x, from_last_axis)

    return pad
