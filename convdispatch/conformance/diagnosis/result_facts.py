"""What is said of an op's result: how large it is, and whether the op changes anything.

Shapes are counted here, from the op's definition: computing large results would take too long.
"""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.cases.conv_rows import placements
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Shape,
    Signature,
    Upsample,
    known_sizes,
)


def result_facts(op: Op, signature: Signature) -> Iterator[str]:
    """Yield how the result's shape is to the input's."""
    given = known_sizes(signature.input_shape)
    if result_shape(op, signature) == given:
        yield "a result as large as the input"
        if isinstance(op, Resize) or _changes_nothing(op):
            yield "an op that changes nothing"


def result_shape(op: Op, signature: Signature) -> Shape:
    """Return the shape of the result, without the batch axis.

    >>> pad = Pad(pads=((1, -2),), channels_last=True)
    >>> result_shape(pad, Signature(input_shape=(5, 3), weight_shapes=(), dtype="float32"))
    (4, 3)
    """
    shape = known_sizes(signature.input_shape)
    if isinstance(op, Dense):
        return (*shape[:-1], signature.weight_shapes[0][-1])
    sizes, channels = (shape[:-1], shape[-1]) if op.channels_last else (shape[1:], shape[0])
    if isinstance(op, Conv | ConvTranspose):
        *taps, of_group, last = signature.weight_shapes[0]
        channels = of_group * op.groups if isinstance(op, ConvTranspose) else last
        cells = _window_cells(op, sizes, tuple(taps))
    elif isinstance(op, Pool):
        cells = placements(
            sizes, op.size, strides=op.strides, pads=op.pads, dilation=(1,) * len(sizes)
        )
    elif isinstance(op, Pad):
        cells = tuple(n + low + high for n, (low, high) in zip(sizes, op.pads, strict=True))
    elif isinstance(op, Upsample):
        cells = tuple(n * factor for n, factor in zip(sizes, op.factors, strict=True))
    else:
        cells = op.output_size
    return (*cells, channels) if op.channels_last else (channels, *cells)


def _window_cells(op: Conv | ConvTranspose, sizes: Shape, taps: Shape) -> Shape:
    if isinstance(op, ConvTranspose):
        return known_sizes(op.output_size)
    return placements(sizes, taps, strides=op.strides, pads=op.pads, dilation=op.dilation)


def _changes_nothing(op: Op) -> bool:
    """Say whether the op returns its input, whatever that is."""
    if isinstance(op, Pad):
        return not any(map(any, op.pads))
    if isinstance(op, Upsample):
        return set(op.factors) == {1}
    return isinstance(op, Pool) and {*op.size, *op.strides} == {1} and not any(map(any, op.pads))
