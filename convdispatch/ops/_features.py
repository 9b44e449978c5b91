"""The features that an op uses, by the names under which a backend may decline them."""

from __future__ import annotations

from collections.abc import Iterable

from convdispatch.errors import UnsupportedOp
from convdispatch.ops._ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Signature,
    Upsample,
)

# Sizes that a framework does not know while it traces: declined as a whole or as an op's detail.
UNKNOWN_SIZES = "unknown_sizes"

_STEMS: dict[type, str] = {
    Conv: "conv",
    ConvTranspose: "conv",
    Dense: "dense",
    Pad: "pad",
    Pool: "pool",
    Resize: "resize",
    Upsample: "upsample",
}


def spatial_rank(op: Op) -> int:
    """Return how many spatial axes the op works on."""
    if isinstance(op, Dense):
        return 0
    if isinstance(op, Upsample):
        return len(op.factors)
    return len(op.output_size if isinstance(op, Resize) else op.pads)


def op_name(op: Op) -> str:
    """Return the op's short name, as capabilities, reports and benchmarks spell it.

    Raises `UnsupportedOp` for an object of another class.

    >>> op_name(Pad(pads=((1, 1), (1, 1)), channels_last=True))
    'pad2d'
    """
    stem = _STEMS.get(type(op))
    if stem is None:
        known = ", ".join(sorted(op_class.__name__ for op_class in _STEMS))
        raise UnsupportedOp(f"no op is named {type(op).__name__!r}; the ops are {known}.")
    if isinstance(op, Dense):
        return stem
    kind = f"{op.kind}_" if isinstance(op, Pool) else ""
    suffix = "_transpose" if isinstance(op, ConvTranspose) else ""
    return f"{kind}{stem}{spatial_rank(op)}d{suffix}"


def features(op: Op, signature: Signature) -> tuple[str, ...]:
    """Return every feature the op uses: its name, its element type, its name with each detail.

    A backend may also decline several details together: see `declined_feature`.

    >>> op = Upsample(factors=(2, 2), interpolation="bilinear", channels_last=False)
    >>> features(op, Signature(input_shape=(1, 4, 4), weight_shapes=(), dtype="float16"))
    ('upsample2d', 'float16', 'upsample2d:float16', 'upsample2d:channels_first', \
'upsample2d:bilinear')
    """
    name = op_name(op)
    details = _details(op, signature)
    return (name, signature.dtype, *(f"{name}:{detail}" for detail in details))


def declined_feature(op: Op, signature: Signature, declined: Iterable[str]) -> str | None:
    """Return the first of the declined features that the op uses, or None.

    A feature is an element type, 'unknown_sizes', or an op's name with any number of details in any
    order.

    >>> op = Upsample(factors=(2, 2), interpolation="bilinear", channels_last=False)
    >>> signature = Signature(input_shape=(1, 4, 4), weight_shapes=(), dtype="float64")
    >>> declined_feature(op, signature, ["float16", "upsample2d:bilinear:float64"])
    'upsample2d:bilinear:float64'
    """
    name, details = op_name(op), {*_details(op, signature)}
    for feature in declined:
        first, *others = feature.split(":")
        if first == name and details.issuperset(others):
            return feature
        if feature == signature.dtype or (feature == UNKNOWN_SIZES and feature in details):
            return feature
    return None


def _details(op: Op, signature: Signature) -> list[str]:
    used = [signature.dtype]
    if None in signature.input_shape:
        used.append(UNKNOWN_SIZES)
    if not isinstance(op, Dense) and not op.channels_last:
        used.append("channels_first")
    if isinstance(op, Upsample | Resize):
        used.append(op.interpolation)
    if isinstance(op, Resize):
        used.append(op.coordinates)
    if isinstance(op, Pool):
        pads = any(low or high for low, high in op.pads)
        used += _present(strides=max(op.strides) > 1, pads=pads, counts_pads=op.counts_pads)
    if isinstance(op, Conv | ConvTranspose):
        strided, dilated = max(op.strides) > 1, max(op.dilation) > 1
        used += _present(groups=op.groups > 1, strides=strided, dilation=dilated)
    return used


def _present(**used: bool) -> list[str]:
    return [detail for detail, is_used in used.items() if is_used]
