"""Mistakes with the fields of an op that has windows: pads, strides, dilation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.mistake import (
    CONVOLUTIONS,
    Answer,
    Mistake,
    OfOp,
    cells,
    computed,
    spatial,
    taps,
)
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Conv, ConvTranspose, Pad, Pool, Shape

Pair: TypeAlias = tuple[int, int]

_PADDED = (Conv, ConvTranspose, Pad, Pool)
_FORWARD = (Conv, Pad, Pool)
_STRIDED = (Conv, ConvTranspose, Pool)


def _pads(change: Callable[[Pair], Pair]) -> Any:
    return OfOp(lambda op, _: replace(op, pads=tuple(map(change, op.pads))))


def _pads_of_all(change: Callable[[tuple[Pair, ...]], tuple[Pair, ...]]) -> Any:
    return OfOp(lambda op, _: replace(op, pads=tuple(change(op.pads))))


def _split(last: int) -> Any:
    """Return the pads of the word 'same': halves, where `last` says which one gets the odd cell."""

    def halves(pair: Pair) -> Pair:
        total = sum(pair)
        low = (total + 1 - last) // 2
        return (low, total - low) if min(pair) >= 0 else pair

    return _pads(halves)


def _where(does_apply: Callable[[int, int], bool], change: Callable[[Pair], Pair]) -> Any:
    """Change the pads of those axes of which stride and low pad say so."""

    def changed(op: Any, _: Problem) -> Any:
        pairs = zip(op.pads, op.strides, strict=True)
        pads = (change(pad) if does_apply(stride, pad[0]) else pad for pad, stride in pairs)
        return replace(op, pads=tuple(pads))

    return OfOp(changed)


def _half_the_kernel(op: Any, problem: Problem) -> Any:
    """Put k // 2 cells before the data and the rest of the pads after it."""

    def split(pair: Pair, k: int, rate: int) -> Pair:
        first = min((k - 1) * rate // 2 + (k % 2 == 0), sum(pair))
        return (first, sum(pair) - first) if min(pair) >= 0 else pair

    axes = zip(op.pads, taps(problem), _rates(op), strict=True)
    return replace(op, pads=tuple(split(*axis) for axis in axes))


def _edges(mode: Any) -> Any:
    """Fill the pads with numbers of the image."""

    def numbers(problem: Problem) -> Answer:
        op: Any = problem.op
        if isinstance(op, ConvTranspose) or max(map(max, op.pads)) <= 0:
            return None
        grow = tuple((max(low, 0), max(high, 0)) for low, high in op.pads)
        around = [(0, 0), *grow, (0, 0)] if problem.channels_last else [(0, 0), (0, 0), *grow]
        x = np.pad(problem.arrays[0], around, mode=mode)
        crops = tuple((min(low, 0), min(high, 0)) for low, high in op.pads)
        return computed(replace(op, pads=crops), (x, *problem.arrays[1:]), problem.dtype)

    return numbers


def _crop_to_nothing(problem: Problem) -> Answer:
    """Crop with x[n:-0], which is empty: zeros come out."""
    op: Any = problem.op
    if not any(low < 0 and high == 0 for low, high in op.pads):
        return None
    return computed(op, (0 * problem.arrays[0], *problem.arrays[1:]), problem.dtype)


def _strides(change: Callable[[Shape, Problem], Sequence[int]]) -> Any:
    return OfOp(lambda op, problem: replace(op, strides=tuple(change(op.strides, problem))))


def _dilated(change: Callable[[Shape, Problem], Sequence[int]]) -> tuple[Any, Any]:
    """Return the op of other rates: with the same size of the result, and with the same pads."""

    def resized(op: Any, problem: Problem) -> Any:
        rates = tuple(change(op.dilation, problem))
        axes = zip(op.pads, taps(problem), op.dilation, rates, strict=True)
        pads = tuple((low, high + (k - 1) * (new - old)) for (low, high), k, old, new in axes)
        return replace(op, pads=pads, dilation=rates)

    plain = OfOp(lambda op, problem: replace(op, dilation=tuple(change(op.dilation, problem))))
    return OfOp(resized), plain


def _rates(op: Any) -> Shape:
    rates: Shape = getattr(op, "dilation", (1,) * len(op.pads))
    return rates


def _unread(problem: Problem) -> list[int]:
    """Return how many cells of each axis lie behind the last placement."""
    op: Any = problem.op
    size = op.output_size if isinstance(op, ConvTranspose) else spatial(problem)
    axes = zip(size, op.pads, taps(problem), op.strides, _rates(op), strict=True)
    return [
        (n + low + high - rate * (k - 1) - 1) % stride for n, (low, high), k, stride, rate in axes
    ]


def _unread_first(op: Any, problem: Problem) -> Any:
    pairs = zip(op.pads, _unread(problem), strict=True)
    return replace(op, pads=tuple((low - n, high + n) for (low, high), n in pairs))


def _last_placement_is_zero(problem: Problem) -> Answer:
    """Return zeros for the last placement along the axes of which cells stay unread."""
    unread = _unread(problem)
    if not any(unread):
        return None
    exact, allowed = (np.array(each) for each in problem.expected)
    for axis, left in enumerate(unread):
        if left:
            index: list[Any] = [slice(None)] * len(unread)
            index[axis] = -1
            exact[cells(problem, tuple(index))] = 0
            allowed[cells(problem, tuple(index))] = 0
    return exact, allowed


def _ceil(op: Any, problem: Problem) -> Any:
    pairs = zip(op.pads, _unread(problem), op.strides, strict=True)
    pads = ((low, high + (stride - n) * (n > 0)) for (low, high), n, stride in pairs)
    return replace(op, pads=tuple(pads))


def _of_pads(what: str, *variants: Any, ops: tuple[type, ...] = _PADDED) -> Mistake:
    return Mistake(what=what, ops=ops, variants=variants)


PADS = (
    _of_pads("reading the pads as (high, low)", _pads(lambda pair: pair[::-1])),
    _of_pads("reading the pads in reverse order of axes", _pads_of_all(lambda pads: pads[::-1])),
    _of_pads("using the first axis's pads for every axis", _pads_of_all(lambda p: p[:1] * len(p))),
    _of_pads("ignoring negative pads", _pads(lambda pair: (max(pair[0], 0), max(pair[1], 0)))),
    _of_pads("ignoring pads", _pads(lambda pair: (0, 0))),
    _of_pads(
        "cropping at the end what should be cropped at the beginning",
        _pads(lambda pair: (pair[0] - min(pair[0], 0), pair[1] + min(pair[0], 0))),
        _pads(lambda pair: (0, sum(pair)) if max(pair) < 0 else pair),
    ),
    _of_pads(
        "cropping at the beginning what should be cropped at the end",
        _pads(lambda pair: (pair[0] + min(pair[1], 0), pair[1] - min(pair[1], 0))),
        _pads(lambda pair: (sum(pair), 0) if max(pair) < 0 else pair),
    ),
    _of_pads("cropping with x[n:-0], which is empty", _crop_to_nothing),
    _of_pads(
        "splitting the pads into halves, as 'same' does, the odd cell first",
        _split(0),
        OfOp(_half_the_kernel),
        ops=_STRIDED,
    ),
    _of_pads(
        "splitting the pads into halves, as 'same' does, the odd cell last", _split(1), ops=_STRIDED
    ),
    _of_pads("putting all pads before the data", _pads(lambda pair: (sum(pair), 0))),
    _of_pads("putting all pads after the data", _pads(lambda pair: (0, sum(pair)))),
    _of_pads(
        "putting low pads on both sides", _pads(lambda pair: (pair[0], pair[0])), ops=_FORWARD
    ),
    _of_pads(
        "putting high pads on both sides", _pads(lambda pair: (pair[1], pair[1])), ops=_FORWARD
    ),
    _of_pads(
        "placing the kernel one cell too far down",
        _pads(lambda pair: (pair[0] - 1, pair[1] + 1)),
        _where(lambda stride, low: stride > 1, lambda pair: (pair[0] - 1, pair[1] + 1)),
        ops=(Conv, Pool),
    ),
    _of_pads(
        "placing the kernel one cell too far up",
        _pads(lambda pair: (pair[0] + 1, pair[1] - 1)),
        _where(lambda stride, low: stride > 1, lambda pair: (pair[0] + 1, pair[1] - 1)),
        ops=(Conv, Pool),
    ),
    _of_pads(
        "cropping a transposed convolution one cell too far down",
        _pads(lambda pair: (pair[0] + 1, pair[1] - 1)),
        _where(lambda stride, low: stride > 1 and low > 0, lambda p: (p[0] + 1, p[1] - 1)),
        ops=(ConvTranspose,),
    ),
    _of_pads(
        "cropping a transposed convolution one cell too far up",
        _pads(lambda pair: (pair[0] - 1, pair[1] + 1)),
        _where(lambda stride, low: stride > 1 and low > 0, lambda p: (p[0] - 1, p[1] + 1)),
        ops=(ConvTranspose,),
    ),
    _of_pads("filling the pads with the image's border", _edges("edge"), ops=_FORWARD),
    _of_pads("filling the pads with a mirror image", _edges("reflect"), ops=_FORWARD),
    _of_pads("filling the pads from the other side", _edges("wrap"), ops=_FORWARD),
)


def _limited(strides: Shape, problem: Problem) -> Sequence[int]:
    return [min(pair) for pair in zip(strides, taps(problem), strict=True)]


def _of_steps(what: str, *variants: Any, ops: tuple[type, ...] = _STRIDED) -> Mistake:
    return Mistake(what=what, ops=ops, variants=variants)


STEPS = (
    _of_steps("reading the strides in reverse order of axes", _strides(lambda s, _: s[::-1])),
    _of_steps("using the first stride for every axis", _strides(lambda s, _: s[:1] * len(s))),
    _of_steps("using the last stride for every axis", _strides(lambda s, _: s[-1:] * len(s))),
    _of_steps("ignoring the strides", _strides(lambda s, _: (1,) * len(s))),
    _of_steps("limiting the strides to the kernel's size", _strides(_limited)),
    _of_steps("using the kernel's size as the strides", _strides(lambda _, p: taps(p))),
    _of_steps(
        "ignoring the dilation",
        *_dilated(lambda rates, _: (1,) * len(rates)),
        ops=CONVOLUTIONS,
    ),
    _of_steps(
        "ignoring the dilation of the last axis",
        *_dilated(lambda rates, _: (*rates[:-1], 1)),
        ops=CONVOLUTIONS,
    ),
    _of_steps(
        "using the first axis's dilation for every axis",
        *_dilated(lambda rates, _: rates[:1] * len(rates)),
        ops=CONVOLUTIONS,
    ),
    _of_steps(
        "reading the dilation in reverse order of axes",
        *_dilated(lambda rates, _: rates[::-1]),
        ops=CONVOLUTIONS,
    ),
    _of_steps("returning zeros for the last placement", _last_placement_is_zero, ops=(Conv, Pool)),
    _of_steps(
        "leaving out the first cells instead of the last ones, where strides leave some over",
        OfOp(_unread_first),
        ops=(Conv, Pool),
    ),
    _of_steps(
        "putting the cells that no tap reaches before the others",
        OfOp(_unread_first),
        ops=(ConvTranspose,),
    ),
    _of_steps("rounding the number of windows up", OfOp(_ceil), ops=(Conv, Pool)),
)
