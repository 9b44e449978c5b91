"""From the ops of a program to expressions in torch's own functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from convdispatch import kit
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Op,
    Pool,
    Resize,
    Shape,
    Signature,
    Upsample,
    spatial_rank,
)
from convdispatch.programs import Expression, Instruction, Value, called, number

Pads = Sequence[tuple[int, int]]
Given = Sequence[str]


def supports(op: Op, signature: Signature) -> bool:
    """Say whether torch has the op as it is."""
    if isinstance(op, Upsample | Resize):
        return isinstance(op, Upsample) and op.interpolation == "nearest"
    if isinstance(op, Pool) and op.kind == "max":
        axes = kit.axes(op, signature)
        return all(max(axis.low, 0) <= axis.taps // 2 for axis in axes)
    return True


def kernel_order(rank: int) -> Shape:
    """Return the order of axes that makes (out, in, *spatial) of (*spatial, in, out)."""
    return (rank - 1, rank - 2, *range(rank - 2))


def padded(x: str, pads: Pads, value: str = "") -> str:
    """Return `x` with the last axes padded, or cropped by negative numbers."""
    flat = [cells for pair in reversed(pads) for cells in pair]
    while flat[-2:] == [0, 0]:
        del flat[-2:]
    if not flat:
        return x
    grown, cropped = [max(n, 0) for n in flat], [min(n, 0) for n in flat]
    for part in (grown, cropped):  # a crop may be longer than the axis was
        if any(part):
            more = f", value={value}" if value and part is grown else ""
            x = f"F.pad({x}, {part}{more})"
    return x


def _first(one: Instruction, x: str) -> str:
    """Return `x` with the channels first."""
    op = one.options["op"]
    return f"{x}.permute{kit.permutations(spatial_rank(op))[1]}" if op.channels_last else x


def _back(one: Instruction, y: str) -> str:
    """Return a result with channels first in the layout of the op."""
    op = one.options["op"]
    return f"{y}.permute{kit.permutations(spatial_rank(op))[0]}" if op.channels_last else y


def _activated(one: Instruction, y: str) -> str:
    activation = one.options["op"].activation
    return y if activation == "linear" else f"torch.{activation}({y})"


def _unless(**defaults: tuple[Any, Any]) -> dict[str, Any]:
    """Return the arguments that differ from their defaults."""
    return {name: value for name, (value, default) in defaults.items() if value != default}


def _conv(one: Instruction, given: Given) -> str:
    op: Conv = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    ones, zeros = (1,) * len(axes), (0,) * len(axes)
    # No stride along axes with one output cell: see `_convolutions`.
    strides = tuple(1 if axis.count == 1 else axis.stride for axis in axes)
    pads = [axis.fitted if axis.count == 1 else (axis.low, axis.high) for axis in axes]
    both = tuple(max(min(sides), 0) for sides in pads)
    rest = [(low - own, high - own) for (low, high), own in zip(pads, both, strict=True)]
    options = _unless(
        stride=(strides, ones),
        padding=(both, zeros),
        dilation=(op.dilation, ones),
        groups=(op.groups, 1),
    )
    x = padded(_first(one, given[0]), rest)
    y = called(f"F.conv{len(axes)}d", x, *given[1:], **options)
    return _activated(one, _back(one, y))


def _conv_transpose(one: Instruction, given: Given) -> str:
    op: ConvTranspose = one.options["op"]
    axes = kit.axes(op, one.options["signature"])
    ones, zeros = (1,) * len(axes), (0,) * len(axes)
    strides = tuple(1 if axis.count == 1 else axis.stride for axis in axes)
    fitted = [axis.fitted for axis in axes]
    pads, extra = tuple(axis.low for axis in axes), tuple(low - high for low, high in fitted)
    most = [max(pair) for pair in zip(strides, op.dilation, strict=True)]
    is_native = min(pads) >= 0 and all(0 <= n < size for n, size in zip(extra, most, strict=True))
    options = _unless(
        stride=(strides, ones),
        padding=(pads if is_native else zeros, zeros),
        output_padding=(extra if is_native else zeros, zeros),
        groups=(op.groups, 1),
        dilation=(op.dilation, ones),
    )
    function, x = f"F.conv_transpose{len(axes)}d", _first(one, given[0])
    if is_native:
        return _activated(one, _back(one, called(function, x, *given[1:], **options)))
    y = padded(called(function, x, given[1], **options), [(-low, -high) for low, high in fitted])
    for bias in given[2:]:
        y = f"({y} + {bias}.reshape({(-1, *ones)}))"
    return _activated(one, _back(one, y))


def _dense(one: Instruction, given: Given) -> str:
    return _activated(one, called("F.linear", *given))


def _pad(one: Instruction, given: Given) -> str:
    op = one.options["op"]
    return padded(given[0], [*op.pads, *([(0, 0)] if op.channels_last else [])])


def _pool(one: Instruction, given: Given) -> str:
    op: Pool = one.options["op"]
    axes, x = kit.axes(op, one.options["signature"]), _first(one, given[0])
    return _back(one, (_largest if op.kind == "max" else _averaged)(op, axes, x, one))


def _largest(op: Pool, axes: Sequence[kit.Axis], x: str, one: Instruction) -> str:
    own = tuple(max(axis.low, 0) for axis in axes)
    rest = [
        (axis.low - low, axis.high - low if axis.high > low else min(axis.high, 0))
        for axis, low in zip(axes, own, strict=True)
    ]
    options = _unless(stride=(op.strides, op.size), padding=(own, (0,) * len(axes)))
    grown = padded(x, rest, 'float("-inf")')
    y = called(f"F.max_pool{len(axes)}d", grown, str(op.size), **options)
    # Torch's pads are on both sides, which may make one more window at the end.
    made = [
        (axis.size + sum(sides) + 2 * low - axis.taps) // axis.stride + 1
        for axis, low, sides in zip(axes, own, rest, strict=True)
    ]
    if made == [axis.count for axis in axes]:
        return y
    return f"{y}[..., {', '.join(f':{axis.count}' for axis in axes)}]"


def _averaged(op: Pool, axes: Sequence[kit.Axis], x: str, one: Instruction) -> str:
    options = _unless(stride=(op.strides, op.size))

    def averages(cells: str) -> str:
        grown = padded(cells, [axis.fitted for axis in axes])
        return called(f"F.avg_pool{len(axes)}d", grown, str(op.size), **options)

    if op.kind == "sum":
        return f"({averages(x)} * {math.prod(op.size)})"
    by, cells = kit.divisors(op, one.options["signature"]), math.prod(op.size)
    if isinstance(by, int):  # each window has as many cells in the image, perhaps fewer than it has
        return averages(x) if by == cells else f"({averages(x)} * {number(cells / by)})"
    # Of the cells inside of the image alone: their share of each window is an average, too.
    shape = (1, 1, *(axis.size for axis in axes))
    return f"({averages(x)} / {averages(f'{x}.new_ones({shape})')})"


def _upsample(one: Instruction, given: Given) -> str:
    op: Upsample = one.options["op"]
    x = given[0]
    for axis, factor in zip(kit.spatial_axes(op), op.factors, strict=True):
        x = x if factor == 1 else f"{x}.repeat_interleave({factor}, {axis})"
    return x


def _normalize(one: Instruction, given: Given) -> str:
    x, mean, variance, gamma, beta = given
    axis, value = one.options["axis"], one.operands[0]
    assert isinstance(value, Value)
    rank = len(value.shape)
    is_moved = axis != 1
    x = f"{x}.movedim({axis}, 1)" if is_moved else x
    options = _unless(weight=(gamma, "None"), bias=(beta, "None")) | {"eps": one.options["epsilon"]}
    y = called("F.batch_norm", x, mean, variance, **options)
    return f"{y}.movedim(1, {axis})" if is_moved and rank > 2 else y


OPS: dict[str, Expression] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "normalize": _normalize,
    "pad": _pad,
    "pool": _pool,
    "upsample": _upsample,
}
