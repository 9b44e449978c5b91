"""Mistakes with positions: resampling and upsampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.mistake import (
    Answer,
    Mistake,
    Numbers,
    OfOp,
    computed,
    of_result,
    spatial,
)
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Resize, Upsample

# From the cell of the result, its size and the image's size to a position in the image.
Position = Callable[[int, int, int], float]


def _right_position(coordinates: str) -> Position:
    if coordinates == "half_pixel":
        return lambda i, n, m: (i + 0.5) * m / n - 0.5
    if coordinates == "asymmetric":
        return lambda i, n, m: i * m / n
    return lambda i, n, m: i * (m - 1) / (n - 1) if n > 1 else 0.0


def _in_float32(coordinates: str) -> Position:
    single = np.float32

    def position(i: int, n: int, m: int) -> float:
        if coordinates == "half_pixel":
            return float((single(i) + single(0.5)) * (single(m) / single(n)) - single(0.5))
        if coordinates == "asymmetric":
            return float(single(i) * (single(m) / single(n)))
        return float(single(i) * (single(m - 1) / single(n - 1))) if n > 1 else 0.0

    return position


def _nearest(
    choose: Callable[[float], int], position: Callable[[str], Position] = _right_position
) -> Numbers:
    """Take the cell that `choose` makes of each position."""

    def numbers(problem: Problem) -> Answer:
        op: Any = problem.op
        if op.interpolation != "nearest":
            return None
        at = position(op.coordinates)
        y = problem.arrays[0]
        first = 1 if problem.channels_last else 2
        for axis, (n, m) in enumerate(zip(op.output_size, spatial(problem), strict=True), first):
            order = [min(max(choose(at(i, n, m)), 0), m - 1) for i in range(n)]
            y = y.take(order, axis)
        return y, np.zeros_like(y)

    return numbers


def _rounded(coordinates: str) -> Position:
    """Give single precision's position, moved so that the floor is the rule's choice."""
    at = _in_float32(coordinates)
    return at if coordinates == "asymmetric" else lambda i, n, m: at(i, n, m) + 0.5


def _mixed(
    above: Callable[[int, int], int], share: Callable[[float, bool], float] = lambda s, _: s
) -> Numbers:
    """Mix cells as 'bilinear' does: above(cell below, size) is the other one, share its part."""

    def numbers(problem: Problem) -> Answer:
        op: Any = problem.op
        if op.interpolation != "bilinear":
            return None
        at = _right_position(op.coordinates)
        y = problem.arrays[0]
        first = 1 if problem.channels_last else 2
        sizes = list(zip(op.output_size, spatial(problem), strict=True))
        for axis, (n, m) in enumerate(sizes, first):
            places = [at(i, n, m) for i in range(n)]
            is_last = axis == first + len(sizes) - 1
            part = np.array([share(place - floor(place), is_last) for place in places])
            part = part.reshape([-1 if a == axis else 1 for a in range(y.ndim)])
            below = y.take([min(max(floor(place), 0), m - 1) for place in places], axis)
            other = y.take([above(floor(place), m) for place in places], axis)
            y = below * (1 - part) + other * part
        return y, _widest(problem)

    return numbers


def _widest(problem: Problem) -> Array:
    allowed = problem.expected[1]
    return np.full_like(allowed, allowed.max(initial=0))


def _next(below: int, m: int) -> int:
    return min(max(below + 1, 0), m - 1)


def _next_or_first(below: int, m: int) -> int:
    return (min(max(below, 0), m - 1) + 1) % m


def _half_share(share: float, _: bool) -> float:
    return float(np.float16(share))


def _along_the_last(share: float, is_last: bool) -> float:
    return share if is_last else 0.0


def _coordinates(name: str) -> Any:
    return OfOp(lambda op, _: replace(op, coordinates=name))


_WORDS = {
    "half_pixel": "at half-pixel positions",
    "asymmetric": "at positions i * m / n",
    "corners": "with the corners kept in their places",
}
RESIZES = (
    *(
        Mistake(what=f"sampling {words}", ops=(Resize,), variants=(_coordinates(name),))
        for name, words in _WORDS.items()
    ),
    Mistake(
        what="taking the cell below each position for the nearest",
        ops=(Resize,),
        variants=(_nearest(floor),),
    ),
    Mistake(
        what="taking the lower of two equally near cells",
        ops=(Resize,),
        variants=(_nearest(lambda at: ceil(at - 0.5)),),
    ),
    Mistake(
        what="rounding positions to the nearest cell",
        ops=(Resize,),
        variants=(_nearest(lambda at: floor(at + 0.5)), _nearest(round)),
    ),
    Mistake(
        what="taking the cell above each position for the nearest",
        ops=(Resize,),
        variants=(_nearest(ceil),),
    ),
    Mistake(
        what="computing positions in float32",
        ops=(Resize,),
        variants=(_nearest(floor, _rounded),),
    ),
    Mistake(
        what="sampling the nearest cell instead of mixing two",
        ops=(Resize, Upsample),
        variants=(OfOp(lambda op, _: replace(op, interpolation="nearest")),),
    ),
    Mistake(
        what="mixing two cells instead of sampling the nearest",
        ops=(Resize, Upsample),
        variants=(OfOp(lambda op, _: replace(op, interpolation="bilinear")),),
    ),
    Mistake(
        what="mixing the last cell with the first one",
        ops=(Resize,),
        variants=(_mixed(_next_or_first),),
    ),
    Mistake(
        what="mixing cells along the last axis alone",
        ops=(Resize,),
        variants=(_mixed(_next, _along_the_last),),
    ),
    Mistake(
        what="rounding the shares of cells to float16",
        ops=(Resize,),
        variants=(_mixed(_next, _half_share),),
    ),
)


def _enlarged(coordinates: str) -> Numbers:
    """Upsample by other positions than those between cell centres."""

    def numbers(problem: Problem) -> Answer:
        op: Any = problem.op
        if op.interpolation != "bilinear":
            return None
        size = tuple(n * f for n, f in zip(spatial(problem), op.factors, strict=True))
        other = Resize(
            output_size=size,
            interpolation="bilinear",
            coordinates=coordinates,
            channels_last=op.channels_last,
        )
        return computed(other, problem.arrays, problem.dtype)

    return numbers


def _tiled(problem: Problem, y: Array) -> Array | None:
    """Repeat the whole image instead of each cell: take one cell of each block, then the next."""
    op: Any = problem.op
    if op.interpolation != "nearest":
        return None
    first = 1 if problem.channels_last else 2
    for axis, factor in enumerate(op.factors, first):
        count = y.shape[axis]
        y = y.take(np.arange(count).reshape(-1, factor).T.ravel(), axis)
    return y


UPSAMPLES = (
    *(
        Mistake(what=f"upsampling {words}", ops=(Upsample,), variants=(_enlarged(name),))
        for name, words in _WORDS.items()
        if name != "half_pixel"
    ),
    Mistake(
        what="repeating the whole image instead of each cell",
        ops=(Upsample,),
        variants=(of_result(_tiled),),
    ),
    Mistake(
        what="reading the factors in reverse order of axes",
        ops=(Upsample,),
        variants=(OfOp(lambda op, _: replace(op, factors=op.factors[::-1])),),
    ),
)
