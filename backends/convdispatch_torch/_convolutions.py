"""Convolutions: torch's own or, where only values are asked for, oneDNN's products of matrices.

A parameter lies in memory as its shape says, so that everything of torch's that takes a flat view
of parameters and gradients takes ours. It is turned around at each call: a turned copy that is
kept could be of old numbers, which `parameter.data`, NumPy or another process may have replaced.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812  # the name that every torch user reads

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Dense, Shape, Signature, spatial_rank
from convdispatch_torch._functions import padding

Function = Callable[..., torch.Tensor]
Pads = Sequence[tuple[int, int]]

_CONV: tuple[Function, ...] = (F.conv1d, F.conv2d, F.conv3d)
_CONV_TRANSPOSE: tuple[Function, ...] = (
    F.conv_transpose1d,
    F.conv_transpose2d,
    F.conv_transpose3d,
)
# relu in its place: the result is new, and no gradient needs it.
_ACTIVATIONS: dict[str, Function | None] = {
    "linear": None, "relu": torch.relu_, "sigmoid": torch.sigmoid, "tanh": torch.tanh,
}  # fmt: skip
# On processors without Intel's name torch 2.13 multiplies float32 by a library that leaves out
# their widest instructions: with oneDNN's, which has no gradients, 1x1 convolutions take 0.4 to 0.6
# of the time of `torch.mm` and of `conv2d` (AMD EPYC, Zen 4).
_ONEDNN: Function | None = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
_MANY = 2**21  # multiplications from which it is faster: to prepare it takes 10 microseconds
# Numbers in a kernel from which torch reads it faster if it is copied in its own order, and from
# which not to copy it at all is worth a copy of a small image.
_WORTH_TURNING, _LARGE = 60_000, 2**17


def conv(op: Conv, signature: Signature) -> Function:
    """Return the convolution."""
    axes = kit.windows(op, signature)
    # No stride along axes with one output cell: oneDNN's float32 kernel in torch 2.13 computes
    # wrong numbers where one input channel, seen channels-last, is strided to a width of one cell:
    # (2, 1, 4, 3) by (2, 1, 3, 3), stride (1, 2).
    strides = [1 if _is_single(axis) else axis.stride for axis in axes]
    pads = [axis.fitted if _is_single(axis) else (axis.low, axis.high) for axis in axes]
    kernel_shape = signature.weight_shapes[0]
    native = _CONV[len(axes) - 1]
    if None in signature.input_shape and kernel_shape[-2] * op.groups == 1:
        native = _laid_out_anew(native)  # the strides may lead to one cell
    # A tensor is padded only where torch's own pads, one number for both sides, cannot say it.
    both = [max(min(sides), 0) for sides in pads]
    rest = [(low - own, high - own) for (low, high), own in zip(pads, both, strict=True)]
    arguments: tuple[object, ...] = strides, both, op.dilation, op.groups
    if op.groups == 1 and max(*strides, *op.dilation) == 1 and not any(both):
        arguments = ()  # those are torch's defaults, and to read them takes half a microsecond
    native = _in_layout(op, signature, _activated(native, op), arguments, pad=padding(rest))
    is_pointwise = math.prod(kernel_shape[:-2]) == 1 and not any(map(any, pads))
    is_large = is_pointwise or math.prod(kernel_shape) >= _LARGE
    counts = [axis.count for axis in axes if isinstance(axis, kit.Axis)]
    may_be_product = op.channels_last and is_large and len(counts) == len(axes)
    if _ONEDNN is None or op.groups > 1 or not may_be_product:
        return native
    pad = padding([*pads, (0, 0)])
    columns = _by_columns(_ONEDNN, strides, op.dilation, pad, taps=kernel_shape[:-2])
    product = _activated(columns, op)
    cells = math.prod(counts)
    # As many images as are worth it, and as have fewer columns to copy than the kernel.
    least = math.ceil(_MANY / max(cells * math.prod(kernel_shape), 1))
    images = range(least, 2**31 if is_pointwise else kernel_shape[-1] // max(cells, 1) + 1)

    def convolve(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        is_product = is_for_values_alone(x) and x.shape[0] in images
        return (product if is_product else native)(x, kernel, bias)

    return convolve


def conv_transpose(op: ConvTranspose, signature: Signature) -> Function:
    """Return the transposed convolution."""
    native = _CONV_TRANSPOSE[spatial_rank(op) - 1]
    axes = kit.windows(op, signature)
    # A single cell needs no stride, and its gradient is the convolution that must not have one.
    strides = [1 if _is_single(axis) else axis.stride for axis in axes]
    pads = [axis.low for axis in axes]
    extra = [low - high for low, high in (axis.fitted for axis in axes)]
    most = [max(pair) for pair in zip(strides, op.dilation, strict=True)]
    if min(pads) >= 0 and all(0 <= one < size for one, size in zip(extra, most, strict=True)):
        arguments = strides, pads, extra, op.groups, op.dilation
        return _in_layout(op, signature, _activated(native, op), arguments)
    crop = padding([(-low, -high) for low, high in (axis.fitted for axis in axes)])
    along_channels = (-1, *[1] * len(axes))

    def cropped(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        y = native(x, kernel, None, strides, 0, 0, op.groups, op.dilation)
        y = y if crop is None else crop(y)
        return y if bias is None else y + bias.reshape(along_channels)

    return _in_layout(op, signature, _activated(cropped, op), ())


def _is_single(axis: kit.Window) -> bool:
    return isinstance(axis, kit.Axis) and axis.count == 1


def _laid_out_anew(convolve: Function) -> Function:
    laid_out = torch.contiguous_format
    return lambda x, *rest: convolve(x.clone(memory_format=laid_out), *rest)


def dense(op: Dense, signature: Signature) -> Function:
    """Return the product of the last axis and a matrix (read, written)."""
    return _activated(_dense, op)


def _dense(x: torch.Tensor, matrix: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    # In this order, because sizes cannot be compared while they are symbols.
    if is_for_values_alone(x) and x.numel() * matrix.shape[-1] >= _MANY and _ONEDNN is not None:
        return _ONEDNN(x, matrix.t(), bias, "none", [], "")
    if x.ndim == 2 and bias is not None:  # what `F.linear` calls, without turning the matrix twice
        return torch.addmm(bias, x, matrix)
    return F.linear(x, matrix.t(), bias)


def is_for_values_alone(x: torch.Tensor) -> bool:
    """Say whether nothing but numbers is asked for: no gradient, no trace, no transform."""
    return (
        not torch.compiler.is_compiling()  # first, as the compiler cannot trace the next one
        and torch.is_inference_mode_enabled()
        and x.is_cpu
        and x.dtype == torch.float32
        and torch._C._get_mkldnn_enabled()
        and torch._C._get_tracing_state() is None
        and torch._C._functorch.peek_interpreter_stack() is None
    )


def _activated(product: Function, op: Conv | ConvTranspose | Dense) -> Function:
    activate = _ACTIVATIONS[op.activation]
    return product if activate is None else lambda *operands: activate(product(*operands))


def _in_layout(
    op: Conv | ConvTranspose,
    signature: Signature,
    native: Function,
    arguments: tuple[object, ...],
    *,
    pad: Function | None = None,
) -> Function:
    """Add the op's layout and pads to torch's convolution.

    All in one function, because it is called for every tiny convolution. What torch is given of a
    channels-last tensor is a view, which torch knows as `channels_last`.
    """
    permute = torch.permute  # takes half a microsecond less for a tuple than the tensor's method
    turn = _turning(signature.weight_shapes[0])
    channels_last = op.channels_last
    to_last, to_first = kit.permutations(spatial_rank(op))

    def convolve(
        x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        if channels_last:
            x = permute(x, to_first)
        if pad is not None:
            x = pad(x)
        y = native(x, turn(kernel), bias, *arguments)
        return permute(y, to_last) if channels_last else y

    return convolve


def _turning(shape: Shape) -> Function:
    """Return the function from a kernel (*spatial, a, b) of that shape to (b, a, *spatial).

    The gradient comes back laid out as the kernel is.
    """
    axes = (len(shape) - 1, len(shape) - 2, *range(len(shape) - 2))
    sizes = [shape[axis] for axis in axes]
    strides = [math.prod(shape[axis + 1 :]) for axis in axes]
    is_single = shape[-1] == 1
    as_strided = torch.as_strided  # whose gradient is laid out so, and that of `permute` is not

    def view(kernel: torch.Tensor) -> torch.Tensor:
        turned = as_strided(kernel.contiguous(), sizes, strides)
        # Copied, because torch 2.13's CPU backward of one filter raises "grad_weight must be
        # contiguous": conv2d of (1, 2, 2, 2) by (1, 2, 1, 2), both permuted.
        return turned.contiguous() if is_single else turned

    def copy(kernel: torch.Tensor) -> torch.Tensor:
        if not kernel.is_cpu:  # an accelerator turns it faster than Python calls functions
            return torch.permute(kernel, axes)
        # As a matrix: torch transposes those blockwise, in a fourth of the time of the view.
        matrix = kernel.flatten().view(-1, shape[-1]).t().contiguous()
        return matrix.view(shape[-1], *shape[:-1]).movedim(-1, 1)

    return view if math.prod(shape) < _WORTH_TURNING else copy


def _by_columns(
    onednn: Function,
    strides: Sequence[int],
    dilation: Sequence[int],
    pad: Function | None,
    taps: Shape,
) -> Function:
    """Return the convolution (x, kernel, bias) by the cells of each result, side by side.

    A kernel (*spatial, in, out) is a matrix as it lies in memory, so it is not turned around.
    """
    rank = len(taps)
    read = (slice(None), *(slice(None, None, stride) for stride in strides))
    order = (*range(rank + 1), *range(rank + 2, 2 * rank + 2), rank + 1)

    def product(x: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        x = x if pad is None else pad(x)
        if max(taps) == 1:
            cells = x[read]
        else:
            for axis, (count, rate) in enumerate(zip(taps, dilation, strict=True), 1):
                x = x.unfold(axis, (count - 1) * rate + 1, strides[axis - 1])[..., ::rate]
            cells = x.permute(order).flatten(rank + 1)
        matrix = kernel.flatten(0, rank).t()
        return onednn(cells.contiguous(), matrix, bias, "none", [], "")

    return product
