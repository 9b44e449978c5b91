"""Reduce an op to the smallest equivalent numbers, and refuse sizes that no array can have.

A backend never sees a dilation that only spreads taps over pads, or a stride with a single
placement: it would allocate the pads, or count them with integers that are too short. The resolved
op has the same result, bit for bit if the backend's sums are. An op for sizes that are unknown
while a framework traces stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from convdispatch import kit
from convdispatch.errors import InvalidShape
from convdispatch.geometry import taps
from convdispatch.geometry.sizes import MOST_CELLS, require_possible
from convdispatch.geometry.taps import ReducedAxis
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
    Tensor,
    Upsample,
    op_name,
)

Function: TypeAlias = Callable[..., Tensor]
# A convolution that reads more than `MOST_CELLS` may read, pads included, this many times the
# numbers of the image and the result.
MOST_PADDED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedOp:
    """An op for a backend, and the taps of the kernel that it uses."""

    op: Op
    signature: Signature
    kernel_shape: Shape = ()  # of the whole kernel
    cut: tuple[range, ...] = ()  # of each spatial axis; empty if the whole kernel is used
    is_read: bool = True  # whether any tap reads the image; otherwise the kernel has no effect


def resolve(op: Op, signature: Signature) -> ResolvedOp:
    """Return the op to lower instead; raise `InvalidShape` if no array can hold its tensors."""
    name = op_name(op)
    sizes = ", ".join(f"{field} {getattr(op, field)}" for field in _SIZES[type(op)])
    received = sizes or f"weights {signature.weight_shapes}"
    for what, shape in (
        ("input", signature.input_shape),
        *zip(("kernel", "bias"), signature.weight_shapes, strict=False),
        ("result", kit.result_shape(op, signature)),
    ):
        require_possible(shape, what=f"the {what} of {name}", received=received)
    if None in signature.input_shape:
        _require_possible_reach(op, signature, received)
        return ResolvedOp(op=op, signature=signature)
    if isinstance(op, Pad):
        return ResolvedOp(op=_resolved_pad(op, signature), signature=signature)
    if not isinstance(op, Conv | ConvTranspose):
        return ResolvedOp(op=op, signature=signature)
    return _resolved_convolution(op, signature, received)


def lower_resolved(
    resolved: ResolvedOp,
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
    for size, (low, high) in zip(kit.spatial_size(op, signature), op.pads, strict=True):
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
) -> ResolvedOp:
    kernel_shape = signature.weight_shapes[0]
    counts = [axis.count for axis in kit.axes(op, signature)]
    if min(counts) < 1:  # no convolution at all
        return ResolvedOp(op=op, signature=signature)
    axes = [
        taps.reduced(size, length, stride=stride, dilation=dilation, pads=pads)
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
        return ResolvedOp(op=small, signature=signature)
    shape = (*map(len, kept), *kernel_shape[-2:])
    shapes = (shape, *signature.weight_shapes[1:])
    return ResolvedOp(
        op=small,
        signature=replace(signature, weight_shapes=shapes),
        kernel_shape=kernel_shape,
        cut=kept,
        is_read=is_read,
    )


def _require_possible_reach(op: Op, signature: Signature, received: str) -> None:
    """Raise `InvalidShape` if pads or taps are too far apart for inputs of any size."""
    if isinstance(op, Dense | Resize | Upsample):
        return
    far = [sum(max(cells, 0) for cells in pads) for pads in op.pads]
    if isinstance(op, Conv | ConvTranspose):
        taps = zip(signature.weight_shapes[0][:-2], op.dilation, strict=True)
        far += [(count - 1) * dilation for count, dilation in taps]
    if max(far) > MOST_CELLS:
        raise InvalidShape(
            f"{op_name(op)} would read over {max(far)} cells, nearly all of them pads, which is "
            f"too large: received {received}. Use smaller dilation, strides or pads."
        )


def _require_possible_pads(
    op: Conv | ConvTranspose, signature: Signature, axes: Sequence[ReducedAxis], received: str
) -> None:
    """Raise `InvalidShape` if the pads would fill the memory of a backend that makes them zeros."""
    known = kit.axes(op, signature)
    sizes, counts = [axis.size for axis in known], [axis.count for axis in known]
    padded = [
        max(axis.span(count), size + sum(axis.pads))
        for axis, count, size in zip(axes, counts, sizes, strict=True)
    ]
    channels = signature.weight_shapes[0][-2] * op.groups
    written = [size or 0 for size in kit.result_shape(op, signature)]
    apart = math.prod((*sizes, channels)) + math.prod(written)
    most = max(MOST_CELLS, MOST_PADDED * apart)
    if max(padded) > MOST_CELLS or math.prod((*padded, channels)) > most:
        raise InvalidShape(
            f"{op_name(op)} would read {' x '.join(map(str, padded))} cells, nearly all of them "
            f"pads, which is too large: received {received}. Use smaller dilation, strides or pads."
        )


def _kernel_reader(
    resolved: ResolvedOp,
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


def _axes(
    op: Conv | ConvTranspose, signature: Signature
) -> list[tuple[int, int, int, int, tuple[int, int]]]:
    """Return (cells, taps, stride, dilation, pads) of each axis of the convolution."""
    return [
        (axis.size, axis.taps, axis.stride, axis.dilation, (axis.low, axis.high))
        for axis in kit.axes(op, signature)
    ]
