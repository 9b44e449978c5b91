"""Backends that lower an op for unknown sizes, and do not compute each size that comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sabotage import honest, stateful

from convdispatch.ops import Conv, ConvTranspose, Op, Pool, Shape, Signature

GROUND = "*/unknown-sizes-*"
Function = Callable[..., Any]
# From the op, its signature of known sizes and those sizes to what computes them.
Sized = Callable[[Op, Signature, Shape], Function]


def by_size(lower: Sized) -> dict[str, Any]:
    """Return a `lower` that leaves ops of unknown sizes to `lower`, anew for each input."""

    def unknown(op: Op, signature: Signature) -> Function:
        if None not in signature.input_shape:
            return honest.lower(op, signature)

        def compute(x: Any, *weights: Any) -> Any:
            known = replace(signature, input_shape=x.shape[1:])
            return lower(*sized(op, known), x.shape[1:])(x, *weights)

        return compute

    return {"lower": unknown}


def sized(op: Op, signature: Signature) -> tuple[Op, Signature]:
    """Return the op and its signature with the output's size that the input's gives."""
    if not isinstance(op, ConvTranspose):
        return op, signature
    read = signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]
    axes = zip(read, signature.weight_shapes[0], op.strides, op.dilation, op.pads, strict=False)
    written = tuple(
        ((cells or 0) - 1) * stride + (taps - 1) * rate + 1 - low - high
        for cells, taps, stride, rate, (low, high) in axes
    )
    return replace(op, output_size=written), signature


@stateful(GROUND, unsupported={})
def transposed_size_one_cell_less():
    """Write one cell less, along each axis, of a transposed convolution of unknown sizes."""

    def lower(op, signature, shape):
        if isinstance(op, ConvTranspose):
            shorter = tuple(size - 1 for size in op.output_size)
            pads = tuple((low, high + 1) for low, high in op.pads)
            op = replace(op, output_size=shorter, pads=pads)
        return honest.lower(op, signature)

    return by_size(lower)


@stateful(GROUND, unsupported={})
def size_of_the_first_call():
    """Cut every input of an op of unknown sizes to the size of the first one."""
    first = {}

    def lower(op, signature, shape):
        kept = first.setdefault((op, signature.weight_shapes), shape)
        known = replace(signature, input_shape=kept)
        cut = (slice(None), *map(slice, kept))
        compute = honest.lower(*sized(op, known))
        return lambda x, *weights: compute(x[cut], *weights)

    return by_size(lower)


@stateful(GROUND, unsupported={})
def unread_cells_cut_from_the_front():
    """Leave out the first cells instead of the last ones, where strides leave some over."""

    def lower(op, signature, shape):
        if not isinstance(op, Conv | Pool) or max(op.strides) == 1:
            return honest.lower(op, signature)
        taps = op.size if isinstance(op, Pool) else signature.weight_shapes[0][:-2]
        rates = (1,) * len(taps) if isinstance(op, Pool) else op.dilation
        sizes = shape[:-1] if op.channels_last else shape[1:]
        axes = zip(sizes, taps, op.strides, rates, op.pads, strict=True)
        pads = tuple(
            (low - (size + low + high - (count - 1) * rate - 1) % stride, high)
            for size, count, stride, rate, (low, high) in axes
        )
        return honest.lower(replace(op, pads=pads), signature)

    return by_size(lower)


@stateful(GROUND, unsupported={})
def one_unknown_size_only():
    """Compute ops of one unknown size, and refuse those of several."""

    def lower(op, signature):
        if signature.input_shape.count(None) > 1:
            raise IndexError("one size was expected to be unknown")
        return by_size(lambda op, signature, shape: honest.lower(op, signature))["lower"](
            op, signature
        )

    return {"lower": lower}
