"""The text under which an op is remembered: readable, and the same in any process."""

from __future__ import annotations

from dataclasses import fields

from convdispatch.ops import Op, Signature, op_name


def key_of(op: Op, signature: Signature) -> str:
    """Return one line that says everything a lowering may depend on.

    >>> from convdispatch.ops import Pad
    >>> signature = Signature(input_shape=(4, 4, 1), weight_shapes=(), dtype="float32")
    >>> key_of(Pad(pads=((1, 1), (0, 2)), channels_last=True), signature)
    'pad2d float32 input=(4, 4, 1) pads=((1, 1), (0, 2)) channels_last=True'
    """
    parts = [op_name(op), signature.dtype, f"input={signature.input_shape}"]
    if signature.weight_shapes:
        parts.append(f"weights={signature.weight_shapes}")
    parts += [f"{field.name}={getattr(op, field.name)}" for field in fields(op)]
    return " ".join(parts)
