"""The shape of an op's result, as integers that are known before any call."""

from __future__ import annotations

from convdispatch.kit._axes import Axis, windows
from convdispatch.kit._layouts import partial_size
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    PartialShape,
    Pool,
    Resize,
    Signature,
    SpatialOp,
)


def result_shape(op: Op, signature: Signature) -> PartialShape:
    """Return the shape of the result without the batch axis, None where a size is unknown.

    >>> pad = Pad(pads=((1, -2),), channels_last=True)
    >>> result_shape(pad, Signature(input_shape=(5, 3), weight_shapes=(), dtype="float32"))
    (4, 3)
    """
    if isinstance(op, Dense):
        return (*signature.input_shape[:-1], signature.weight_shapes[0][-1])
    sizes, channels = _sizes(op, signature), _channels(op, signature)
    return (*sizes, channels) if op.channels_last else (channels, *sizes)


def _sizes(op: SpatialOp, signature: Signature) -> PartialShape:
    if isinstance(op, ConvTranspose | Resize):
        return op.output_size
    if isinstance(op, Conv | Pool):
        axes = windows(op, signature)
        return tuple(axis.count if isinstance(axis, Axis) else None for axis in axes)
    sizes = partial_size(op, signature)
    if isinstance(op, Pad):
        pairs = zip(sizes, op.pads, strict=True)
        return tuple(None if size is None else size + sum(pads) for size, pads in pairs)
    enlarged = zip(sizes, op.factors, strict=True)
    return tuple(None if size is None else size * factor for size, factor in enlarged)


def _channels(op: SpatialOp, signature: Signature) -> int | None:
    if isinstance(op, Conv):
        return signature.weight_shapes[0][-1]
    if isinstance(op, ConvTranspose):
        return signature.weight_shapes[0][-2] * op.groups
    return signature.input_shape[-1 if op.channels_last else 0]
