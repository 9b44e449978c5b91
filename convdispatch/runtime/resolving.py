"""Reduce an op to the smallest equivalent numbers, and refuse sizes that no array can have.

A backend never sees a dilation that only spreads taps over pads, or a stride with a single
placement: it would allocate the pads, or count them with integers that are too short. The resolved
op has the same result, bit for bit if the backend's sums are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from convdispatch.errors import InvalidShape
from convdispatch.geometry import taps
from convdispatch.geometry.sizes import MOST_CELLS, require_possible
from convdispatch.geometry.taps import Axis
from convdispatch.ops import (
    Backend,
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Shape,
    Signature,
    SpatialOp,
    Tensor,
    Upsample,
    op_name,
)

Function: TypeAlias = Callable[..., Tensor]
# A convolution that reads more than `MOST_CELLS` may read, pads included, this many times the
# numbers of the image and the result.
MOST_PADDED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An op for a backend, and the taps of the kernel that it uses."""

    op: Op
    signature: Signature
    kernel_shape: Shape = ()  # of the whole kernel
    cut: tuple[range, ...] = ()  # of each spatial axis; empty if the whole kernel is used
    is_read: bool = True  # whether any tap reads the image; otherwise the kernel has no effect


def resolve(op: Op, signature: Signature) -> Resolved:
    """Return the op to lower instead; raise `InvalidShape` if no array can hold its tensors."""
    name = op_name(op)
    sizes = ", ".join(f"{field} {getattr(op, field)}" for field in _SIZES[type(op)])
    received = sizes or f"weights {signature.weight_shapes}"
    for what, shape in (
        ("input", signature.input_shape),
        *zip(("kernel", "bias"), signature.weight_shapes, strict=False),
        ("result", _output_shape(op, signature)),
    ):
        require_possible(shape, what=f"the {what} of {name}", received=received)
    if isinstance(op, Pad):
        return Resolved(op=_resolved_pad(op, signature), signature=signature)
    if not isinstance(op, Conv | ConvTranspose):
        return Resolved(op=op, signature=signature)
    return _resolved_convolution(op, signature, received)


def lower_resolved(
    resolved: Resolved,
    lower: Callable[[Op, Signature], Function],
    backend: Backend,
) -> Function:
    """Lower the result of `resolve`; the function takes the whole kernel."""
    function = lower(resolved.op, resolved.signature)
    if not resolved.cut:
        return function
    read_kernel = _kernel_reader(resolved, lower, backend.functions)
    return lambda x, kernel, *bias: function(x, read_kernel(kernel), *bias)


# The fields of each op that determine the sizes of its arrays.
_SIZES: dict[type, tuple[str, ...]] = {
    Conv: ("strides", "pads", "dilation", "groups"),
    ConvTranspose: ("strides", "pads", "dilation", "groups", "output_size"),
    Dense: (),
    Pad: ("pads",),
    Pool: ("size", "strides", "pads"),
    Resize: ("output_size",),
    Upsample: ("factors",),
}


def _resolved_pad(op: Pad, signature: Signature) -> Pad:
    """Return the op without zeros that the other side's crop removes again."""
    pads = []
    for size, (low, high) in zip(_spatial(op, signature), op.pads, strict=True):
        left = size + low + high
        if low > left > 0:  # all of the image is cropped, and some of the zeros
            pads.append((left, -size))
        elif high > left > 0:
            pads.append((-size, left))
        else:
            pads.append((low, high))
    return replace(op, pads=tuple(pads))


def _resolved_convolution(
    op: Conv | ConvTranspose, signature: Signature, received: str
) -> Resolved:
    kernel_shape = signature.weight_shapes[0]
    counts = _counts(op, signature)
    if min(counts) < 1:  # no convolution at all
        return Resolved(op=op, signature=signature)
    axes = [
        taps.resolved(size, length, stride=stride, dilation=dilation, pads=pads)
        for size, length, stride, dilation, pads in _axes(op, signature)
    ]
    _require_possible_pads(op, signature, axes, received)
    kept = tuple(axis.taps for axis in axes)
    small = replace(
        op,
        strides=tuple(axis.stride for axis in axes),
        pads=tuple(axis.pads for axis in axes),
        dilation=tuple(axis.dilation for axis in axes),
    )
    is_read = all(axis.is_read for axis in axes)
    if is_read and kept == tuple(map(range, kernel_shape[:-2])):
        return Resolved(op=small, signature=signature)
    shape = (*map(len, kept), *kernel_shape[-2:])
    shapes = (shape, *signature.weight_shapes[1:])
    return Resolved(
        op=small,
        signature=replace(signature, weight_shapes=shapes),
        kernel_shape=kernel_shape,
        cut=kept,
        is_read=is_read,
    )


def _require_possible_pads(
    op: Conv | ConvTranspose, signature: Signature, axes: Sequence[Axis], received: str
) -> None:
    """Raise `InvalidShape` if the pads would fill the memory of a backend that makes them zeros."""
    sizes = [size for size, *_ in _axes(op, signature)]
    padded = [
        max(axis.span(count), size + sum(axis.pads))
        for axis, count, size in zip(axes, _counts(op, signature), sizes, strict=True)
    ]
    channels = signature.weight_shapes[0][-2] * op.groups
    apart = math.prod((*sizes, channels)) + math.prod(_output_shape(op, signature))
    most = max(MOST_CELLS, MOST_PADDED * apart)
    if max(padded) > MOST_CELLS or math.prod((*padded, channels)) > most:
        raise InvalidShape(
            f"{op_name(op)} would read {' x '.join(map(str, padded))} cells, nearly all of them "
            f"pads, which is too large: received {received}. Use smaller dilation, strides or pads."
        )


def _kernel_reader(
    resolved: Resolved,
    lower: Callable[[Op, Signature], Function],
    functions: Mapping[str, Callable[..., Any]],
) -> Callable[[Tensor], Tensor]:
    """Return the function from the whole kernel to the one of the resolved op.

    The gradient of a dropped tap is zero.
    """
    wanted, whole = resolved.signature.weight_shapes[0], resolved.kernel_shape
    reshape = functions["reshape"]
    steps: list[Callable[[Any], Any]] = []
    if wanted != whole:
        # The kernel as an image of one sample, which `Pad` crops on every backend.
        image = (*whole[:-2], math.prod(whole[-2:]))
        pads = tuple(
            (-cut.start, cut.stop - size) for cut, size in zip(resolved.cut, whole, strict=False)
        )
        crop = lower(
            Pad(pads=pads, channels_last=True),
            Signature(input_shape=image, weight_shapes=(), dtype=resolved.signature.dtype),
        )
        steps.append(lambda kernel: reshape(crop(reshape(kernel, (1, *image))), wanted))
    if not resolved.is_read:
        absolute, where = functions["abs"], functions["where"]
        # Zeros, also for infinity and NaN, that pass a gradient of zero to the kernel.
        steps.append(lambda kernel: where(absolute(kernel) < 0, kernel, 0.0))

    def read(kernel: Tensor) -> Tensor:
        for step in steps:
            kernel = step(kernel)
        return kernel

    return read


def _output_shape(op: Op, signature: Signature) -> Shape:
    """Return the shape of the result, without the batch axis."""
    if isinstance(op, Dense):
        return (*signature.input_shape[:-1], signature.weight_shapes[0][-1])
    return (*_output_size(op, signature), _output_channels(op, signature))


def _output_size(op: SpatialOp, signature: Signature) -> Shape:
    sizes = _spatial(op, signature)
    if isinstance(op, ConvTranspose | Resize):
        return op.output_size
    if isinstance(op, Conv):
        return _counts(op, signature)
    if isinstance(op, Pool):
        axes = zip(sizes, op.size, op.strides, op.pads, strict=True)
        return tuple(
            taps.output_count(size, length, stride=stride, dilation=1, pads=pads)
            for size, length, stride, pads in axes
        )
    if isinstance(op, Pad):
        return tuple(size + sum(pads) for size, pads in zip(sizes, op.pads, strict=True))
    return tuple(size * factor for size, factor in zip(sizes, op.factors, strict=True))


def _output_channels(op: SpatialOp, signature: Signature) -> int:
    if isinstance(op, Conv):
        return signature.weight_shapes[0][-1]
    if isinstance(op, ConvTranspose):
        return signature.weight_shapes[0][-2] * op.groups
    return signature.input_shape[-1 if op.channels_last else 0]


def _counts(op: Conv | ConvTranspose, signature: Signature) -> Shape:
    """Return the cells that the convolution writes, or that the transposed one reads."""
    return tuple(
        taps.output_count(size, length, stride=stride, dilation=dilation, pads=pads)
        for size, length, stride, dilation, pads in _axes(op, signature)
    )


def _axes(
    op: Conv | ConvTranspose, signature: Signature
) -> list[tuple[int, int, int, int, tuple[int, int]]]:
    """Return (cells, taps, stride, dilation, pads) of each axis of the convolution."""
    sizes = op.output_size if isinstance(op, ConvTranspose) else _spatial(op, signature)
    kernel_size = signature.weight_shapes[0][:-2]
    return list(zip(sizes, kernel_size, op.strides, op.dilation, op.pads, strict=True))


def _spatial(op: SpatialOp, signature: Signature) -> Shape:
    return signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]
