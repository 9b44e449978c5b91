"""What is special about an op: its pads, strides, groups and sizes, in the field's words.

Sizes are counted here, from the op's definition.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, TypeAlias

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

_Product: TypeAlias = Conv | ConvTranspose
_RANKS = ("one axis", "two axes", "three axes")


def subjects(name: str) -> Iterator[str]:
    """Yield what an op of this name computes, from the most general word to its own.

    >>> list(subjects("conv2d"))
    ['op with weights', 'convolution or transposed convolution', 'convolution', 'conv2d']
    """
    if name.startswith(("conv", "dense")):
        yield "op with weights"
    if name.startswith("conv"):
        yield "convolution or transposed convolution"
        yield "transposed convolution" if name.endswith("_transpose") else "convolution"
    elif "_pool" in name:
        yield "pooling"
        kind = name.partition("_")[0]
        if kind != "max":
            yield "sum or average pooling"
        yield f"{kind} pooling"
    elif name.startswith("pad"):
        yield "padding"
    elif name.startswith(("resize", "upsample")):
        yield "resampling"
        yield "resize" if name.startswith("resize") else "upsampling"
    yield name


def op_facts(op: Op, signature: Signature) -> Iterator[str]:
    """Yield the properties of an op for this signature."""
    yield signature.dtype
    if signature.dtype in ("float16", "bfloat16"):
        yield "half precision"
    if isinstance(op, Conv | ConvTranspose | Dense):
        yield from _finish(op)
    if isinstance(op, Dense):
        yield from _dense(op, signature)
        return
    yield "channels last" if op.channels_last else "channels first"
    sizes = spatial(op, signature)
    yield _RANKS[len(sizes) - 1]
    if len(sizes) > 1:
        yield "several axes"
    if len(set(signature.input_shape)) < len(signature.input_shape):
        yield "axes of the same length"
    if isinstance(op, Conv | ConvTranspose):
        yield from _window(op, sizes, signature.weight_shapes[0][:-2])
        yield from _convolution(op, signature)
    elif isinstance(op, Pool):
        yield from _window(op, sizes, op.size)
        yield from _pool(op, sizes)
    elif isinstance(op, Pad):
        yield from _pads(op.pads)
        if any(-min(pad) > n for pad, n in zip(op.pads, sizes, strict=True)):
            yield "crop beyond the image"
    else:
        yield from _resampling(op, sizes)


def op_amounts(op: Op, signature: Signature) -> dict[str, int]:
    """Return the counts of an op for this signature."""
    if isinstance(op, Dense):
        inputs, outputs = signature.weight_shapes[0]
        return {"inputs": inputs, "outputs": outputs}
    sizes = spatial(op, signature)
    found = {"cells an axis": max(sizes), "cells on the last axis": sizes[-1]}
    if isinstance(op, Conv | ConvTranspose):
        *taps, of_group, last = signature.weight_shapes[0]
        found |= {
            "input channels": _channels(op, signature),
            "output channels": of_group * op.groups if isinstance(op, ConvTranspose) else last,
            "channels a group": of_group,
            "groups": op.groups,
            "taps": prod(taps),
            "taps an axis": max(taps),
            "taps on the first axis": taps[0],
            "stride": max(op.strides),
            "dilation": max(op.dilation),
            "products a sum": prod(taps) * of_group,
        }
    return found


def spatial(op: Op, signature: Signature) -> Shape:
    """Return the cells of the image that a convolution or another op reads."""
    assert not isinstance(op, Dense)
    if isinstance(op, ConvTranspose):
        return known_sizes(op.output_size)
    shape = signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]
    return known_sizes(shape)


def _finish(op: Conv | ConvTranspose | Dense) -> Iterator[str]:
    yield "a bias" if op.bias else "no bias"
    if op.activation != "linear":
        yield "an activation"
        yield f"fused {op.activation}"
    if op.activation in ("sigmoid", "tanh"):
        yield "a curved activation"


def _dense(op: Dense, signature: Signature) -> Iterator[str]:
    inputs, outputs = signature.weight_shapes[0]
    if inputs == outputs:
        yield "a square matrix"
    if len(signature.input_shape) > 1:
        yield "more than two axes"


def _window(op: _Product | Pool, sizes: Shape, taps: Shape) -> Iterator[str]:
    """Yield what convolutions and poolings share: pads, strides, and a window's size."""
    yield from _pads(op.pads)
    dilation = op.dilation if isinstance(op, Conv | ConvTranspose) else (1,) * len(taps)
    counts = placements(sizes, taps, strides=op.strides, pads=op.pads, dilation=dilation)
    yield "stride > 1" if max(op.strides) > 1 else "stride 1"
    # The stride of an axis with one placement changes nothing.
    strides = [stride for stride, count in zip(op.strides, counts, strict=True) if count > 1]
    if any(stride > 1 for stride in strides):
        yield "stride > 1 between placements"
    if any(stride != op.strides[0] for stride in strides):
        yield "strides that differ between axes"
    if op.strides != op.strides[::-1]:
        yield "strides that change if axes are reversed"
    if 2 in strides:
        yield "stride 2"
    if any(stride > size for stride, size in zip(op.strides, taps, strict=True)):
        yield "stride > kernel"
    if prod(taps) > 1:
        yield "several taps"
    if len(set(taps)) > 1:
        yield "a kernel that is no square"
    elif len(taps) > 1 and prod(taps) > 1:
        yield "a square kernel"
    if any(size % 2 == 0 for size in taps):
        yield "even kernel"
    if any(size > cells for size, cells in zip(taps, sizes, strict=True)):
        yield "kernel > input"
    if taps == sizes:
        yield "kernel = input"
    axes = list(zip(sizes, op.pads, taps, op.strides, dilation, strict=True))
    yield from _placed(axes, counts)


def _placed(axes: list[Any], counts: Shape) -> Iterator[str]:
    """Yield what follows from where the placements lie, each axis by its sizes and fields."""
    sizes = [n for n, *_ in axes]
    if any((n + sum(pad) - rate * (k - 1) - 1) % stride for n, pad, k, stride, rate in axes):
        yield "cells left unread at the end"
    if prod(counts) == 1:
        yield "one placement"
    read = [
        {stride * i + rate * j - low for i in range(count) for j in range(k)}
        for (_, (low, _high), k, stride, rate), count in zip(axes, counts, strict=True)
    ]
    if any(not one.issuperset(range(n)) for one, n in zip(read, sizes, strict=True)):
        yield "cells that no tap reaches"
    alone = [
        any(not any(0 <= stride * i + rate * j - low < n for j in range(k)) for i in range(count))
        for (n, (low, _high), k, stride, rate), count in zip(axes, counts, strict=True)
    ]
    if any(alone):
        yield "placements on pads alone"
    if any(max(pad) >= rate * (k - 1) + 1 for _, pad, k, _, rate in axes):
        yield "pads as large as the kernel"
    if any(low > max(rate * (k - 1), 1) for _, (low, _high), k, _, rate in axes):
        yield "low pads beyond the kernel"


def _pads(pads: tuple[tuple[int, int], ...]) -> Iterator[str]:
    if any(low != high for low, high in pads):
        yield "low pad != high pad"
    if any(max(pad) > 0 for pad in pads):
        yield "pads"
    if any(low > 0 for low, _ in pads):
        yield "low pads"
    if any(high > 0 for _, high in pads):
        yield "high pads"
    if any(min(pad) < 0 for pad in pads):
        yield "crop"
    if any(low < 0 for low, _ in pads):
        yield "low crop"
    if any(high < 0 for _, high in pads):
        yield "high crop"
    if any(low < 0 and high == 0 for low, high in pads):
        yield "low crop without high pad"
    if any(low < 0 and high < 0 for low, high in pads):
        yield "crop at both ends"
    if len(set(pads)) > 1:
        yield "pads that differ between axes"
    if pads != pads[::-1]:
        yield "pads that change if axes are reversed"
    if all(pad == (0, 0) for pad in pads):
        yield "no pads"


def _convolution(op: _Product, signature: Signature) -> Iterator[str]:
    *taps, of_group, last = signature.weight_shapes[0]
    read, is_transposed = _channels(op, signature), isinstance(op, ConvTranspose)
    written = of_group * op.groups if is_transposed else last
    # The dilation of an axis with one tap changes nothing.
    rates = [rate for rate, k in zip(op.dilation, taps, strict=True) if k > 1]
    if max(op.dilation) > 1:
        yield "dilation > 1"
    if any(rate > 1 for rate in rates):
        yield "dilation > 1 between taps"
    if any(rate != op.dilation[0] for rate in rates):
        yield "dilation that differs between axes"
    if len(taps) > 1 and op.dilation[-1] > 1 and taps[-1] > 1:
        yield "dilation > 1 on the last of several axes"
    if prod(taps) == 1:
        yield "one tap"
    if len(taps) == 2 and len(set(taps)) == 1:
        yield f"{taps[0]}x{taps[0]} kernel"
    yield "groups" if op.groups > 1 else "one group"
    if op.groups > 1 and of_group == 1:
        yield "groups = channels"
    if op.groups > 1 and of_group > 1:
        yield "groups of several channels"
    if op.groups > 1 and last > op.groups:
        yield "several filters a group"
    if read == 1:
        yield "one input channel"
    if written == 1:
        yield "one output channel"
    if of_group == last:
        yield "as many channels as filters"


def _pool(op: Pool, sizes: Shape) -> Iterator[str]:
    if op.kind == "average":
        yield "pads that count" if op.counts_pads else "pads that do not count"


def _resampling(op: Resize | Upsample, sizes: Shape) -> Iterator[str]:
    yield op.interpolation
    if isinstance(op, Upsample):
        factors = op.factors
        if len(set(factors)) > 1:
            yield "factors that differ between axes"
        if any(factor % 2 == 0 for factor in factors):
            yield "even factor"
        return
    yield f"{op.coordinates} positions"
    pairs = list(zip(sizes, op.output_size, strict=True))
    if any(new < old for old, new in pairs):
        yield "an axis that shrinks"
    if any(new > old for old, new in pairs):
        yield "an axis that grows"
    if any(new == 1 < old for old, new in pairs):
        yield "an axis that shrinks to one cell"
    if any(new != old for old, new in pairs):
        yield "another size"


def _channels(op: _Product, signature: Signature) -> int:
    size = signature.input_shape[-1 if op.channels_last else 0]
    assert size is not None
    return size
