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

from convdispatch import kit
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Signature,
    Upsample,
    spatial_rank,
)
from convdispatch_torch._functions import (
    ACTIVATIONS,
    cells_of,
    in_float32,
    in_float32_on_cpu,
    pad_last_axes,
)
from convdispatch_torch._kernels import turning
from convdispatch_torch._pooling import pooling
from convdispatch_torch._products import (
    LARGE_KERNEL,
    by_columns,
    dense,
    is_for_values_alone,
    pointwise,
)

Function = Callable[..., torch.Tensor]
Pads = Sequence[tuple[int, int]]

_CONV: tuple[Function, ...] = (F.conv1d, F.conv2d, F.conv3d)
_CONV_TRANSPOSE: tuple[Function, ...] = (
    F.conv_transpose1d,
    F.conv_transpose2d,
    F.conv_transpose3d,
)


@singledispatch
def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the PyTorch function that computes `op`."""
    return kit.derived(op, signature, backend)


@lower.register
def _lower_conv(op: Conv, signature: Signature, backend: kit.Primitives) -> Function:
    strides, pads = _strides_that_matter(op, signature)
    # A tensor is padded only where `padding`, one number for both sides, cannot say it.
    padding = tuple(max(min(sides), 0) for sides in pads)
    rest = [(low - both, high - both) for (low, high), both in zip(pads, padding, strict=True)]
    convolve = _CONV[spatial_rank(op) - 1]
    if None in signature.input_shape and signature.weight_shapes[0][-2] * op.groups == 1:
        convolve = _laid_out_anew(convolve)
    arguments: tuple[object, ...] = strides, padding, op.dilation, op.groups
    if op.groups == 1 and max(*strides, *op.dilation) == 1 and not any(padding):
        arguments = ()  # those are torch's defaults, and to read them takes half a microsecond
    turned = _adapted(convolve, arguments, op, signature, pad=pad_last_axes(rest))
    fn = _as_product(op, strides, pads, signature, otherwise=turned) or turned
    return in_float32_on_cpu(fn, signature.dtype)


@lower.register
def _lower_conv_transpose(
    op: ConvTranspose, signature: Signature, backend: kit.Primitives
) -> Function:
    convolve = _CONV_TRANSPOSE[spatial_rank(op) - 1]
    axes = kit.windows(op, signature)
    # A single cell needs no stride, and its gradient is the convolution that must not have one.
    strides = [1 if _is_single(axis) else axis.stride for axis in axes]
    padding = [axis.low for axis in axes]
    extra = [low - high for low, high in (axis.fitted for axis in axes)]
    rates = zip(strides, op.dilation, strict=True)
    if min(padding) >= 0 and all(
        0 <= cells < max(rate) for cells, rate in zip(extra, rates, strict=True)
    ):
        arguments = strides, padding, extra, op.groups, op.dilation
        return in_float32_on_cpu(_adapted(convolve, arguments, op, signature), signature.dtype)

    cut = [(-low, -high) for low, high in (axis.fitted for axis in axes)]
    crop = pad_last_axes(cut) or ACTIVATIONS["linear"]

    def convolve_and_crop(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        y: torch.Tensor = crop(convolve(x, kernel, None, strides, 0, 0, op.groups, op.dilation))
        return y if bias is None else y + bias.reshape(-1, *[1] * len(axes))

    return in_float32_on_cpu(_adapted(convolve_and_crop, (), op, signature), signature.dtype)


@lower.register
def _lower_dense(op: Dense, signature: Signature, backend: kit.Primitives) -> Function:
    return in_float32_on_cpu(_then(_activation(op), dense), signature.dtype)


@lower.register
def _lower_pad(op: Pad, signature: Signature, backend: kit.Primitives) -> Function:
    channels = [(0, 0)] if op.channels_last else []
    # A copy even without pads, so that a change of the result in place does not change the input.
    return pad_last_axes([*op.pads, *channels]) or torch.clone


@lower.register
def _lower_pool(op: Pool, signature: Signature, backend: kit.Primitives) -> Function:
    pool = pooling(op, signature)
    if pool is None:
        return kit.derived(op, signature, backend)
    return in_float32(pool, signature.dtype)


@lower.register
def _lower_resampling(
    op: Upsample | Resize, signature: Signature, backend: kit.Primitives
) -> Function:
    if None in signature.input_shape:
        return kit.derived(op, signature, backend)
    # `F.interpolate` finds cells and weights in float32, from positions as large as the image.
    dtype = getattr(torch, kit.computed_in(signature.dtype))
    last = spatial_rank(op) + 1
    grids = [
        (
            axis,
            torch.from_numpy(grid.below),
            torch.from_numpy(grid.above),
            torch.from_numpy(grid.share.reshape(-1, *[1] * (last - axis))).to(dtype),
        )
        for axis, grid in zip(kit.spatial_axes(op), kit.samples(op, signature), strict=True)
    ]

    def nearest(x: torch.Tensor) -> torch.Tensor:
        for axis, cells, *_ in grids:
            x = cells_of(x, cells.to(x.device), axis)
        return x

    def bilinear(x: torch.Tensor) -> torch.Tensor:
        for axis, *grid in grids:
            below, above, share = (tensor.to(x.device) for tensor in grid)
            # In its place: memory for a sum of two products takes longer than to add them up.
            upper = cells_of(x, above, axis).mul_(share)
            x = cells_of(x, below, axis).mul_(1 - share).add_(upper)
        return x

    sample = nearest if op.interpolation == "nearest" else bilinear
    return in_float32(sample, signature.dtype)


def _strides_that_matter(op: Conv, signature: Signature) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the strides and pads, with stride 1 along axes with one output cell.

    oneDNN's float32 kernel in torch 2.13 computes wrong numbers where one input channel, seen
    channels-last, is strided to a width of one cell: (2, 1, 4, 3) by (2, 1, 3, 3), stride (1, 2).
    """
    axes = kit.windows(op, signature)
    return (
        [1 if _is_single(axis) else axis.stride for axis in axes],
        [axis.fitted if _is_single(axis) else (axis.low, axis.high) for axis in axes],
    )


def _laid_out_anew(convolve: Function) -> Function:
    """Return the convolution of a copy, for strides that may lead to one cell: see above."""
    laid_out = torch.contiguous_format
    return lambda x, *rest: convolve(x.clone(memory_format=laid_out), *rest)


def _is_single(axis: kit.Window) -> bool:
    return isinstance(axis, kit.Axis) and axis.count == 1


def _adapted(
    native: Function,
    arguments: tuple[object, ...],
    op: Conv | ConvTranspose,
    signature: Signature,
    *,
    pad: Function | None = None,
) -> Function:
    """Add the op's layout, pads and activation to torch's convolution.

    All in one function, because it is called for every tiny convolution. What torch is given of a
    channels-last tensor is a view, which torch knows as `channels_last`.
    """
    permute = torch.permute  # takes half a microsecond less for a tuple than the tensor's method
    turn = turning(signature.weight_shapes[0])
    channels_last = op.channels_last
    to_last, to_first = kit.permutations(spatial_rank(op))
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
    if op.groups > 1 or not op.channels_last or None in signature.input_shape:
        return None
    *taps, _, filters = kernel_shape
    if max(taps) == 1 and not any(map(any, pads)):
        return _then(_activation(op), pointwise(strides, kernel_shape))
    if math.prod(kernel_shape) < LARGE_KERNEL:
        return None
    pad = pad_last_axes([*pads, (0, 0)])
    columns = _then(_activation(op), by_columns(op, strides, pad, tuple(taps)))
    cells = math.prod(axis.count for axis in kit.axes(op, signature))

    def convolve(x: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        # The columns are copied, or the kernel: the smaller of them.
        if is_for_values_alone(x) and x.shape[0] * cells <= filters:
            return columns(x, *weights)
        return otherwise(x, *weights)

    return convolve


def _activation(op: Conv | ConvTranspose | Dense) -> Function | None:
    if op.activation == "relu" and not isinstance(op, ConvTranspose):
        return torch.relu_  # in its place: the result is new, and no gradient needs it
    return None if op.activation == "linear" else ACTIVATIONS[op.activation]


def _then(activation: Function | None, product: Function) -> Function:
    if activation is None:
        return product
    return lambda *operands: activation(product(*operands))
