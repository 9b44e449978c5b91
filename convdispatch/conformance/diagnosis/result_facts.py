"""What is said of an op's result: how large it is, and whether the op changes anything."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch import kit
from convdispatch.ops import Op, Pad, Pool, Resize, Signature, Upsample


def result_facts(op: Op, signature: Signature) -> Iterator[str]:
    """Yield how the result's shape is to the input's."""
    if kit.result_shape(op, signature) == signature.input_shape:
        yield "a result as large as the input"
        if isinstance(op, Resize) or _changes_nothing(op):
            yield "an op that changes nothing"


def _changes_nothing(op: Op) -> bool:
    """Say whether the op returns its input, whatever that is."""
    if isinstance(op, Pad):
        return not any(map(any, op.pads))
    if isinstance(op, Upsample):
        return set(op.factors) == {1}
    return isinstance(op, Pool) and {*op.size, *op.strides} == {1} and not any(map(any, op.pads))
