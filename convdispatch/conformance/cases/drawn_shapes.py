"""Shapes, axes and numbers, drawn for the cases of the table of functions."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from convdispatch.numerics.bounds import unit_roundoff
from convdispatch.numerics.problem import Array
from convdispatch.ops import Shape

Random: TypeAlias = np.random.Generator

# Numbers that every element type has, but for the largest and the smallest normal one.
_SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)
_EXTREMES = {
    "float16": (65504.0, 2.0**-14),
    "bfloat16": ((2 - 2.0**-7) * 2.0**127, 2.0**-126),
    "float32": ((2 - 2.0**-23) * 2.0**127, 2.0**-126),
    "float64": ((2 - 2.0**-52) * 2.0**1023, 2.0**-1022),
}


def shape_of(random: Random, *, least: int = 0, most: int = 4, may_be_empty: bool = True) -> Shape:
    """Return a shape of so many axes, of up to 5 cells each; some have an empty axis."""
    axes = int(random.integers(least, most + 1))
    sizes = [int(size) for size in random.integers(1, 6, axes)]
    if may_be_empty and sizes and random.random() < 0.15:
        sizes[int(random.integers(axes))] = 0
    return tuple(sizes)


def broadcasting(random: Random, count: int, *, most: int = 4) -> list[Shape]:
    """Return shapes that broadcast with each other: with fewer axes, or one cell on an axis."""
    whole = shape_of(random, most=most)
    kind = random.random()
    if kind < 0.25:
        return [whole] * count
    if kind < 0.6:  # as long on all axes, so that one axis may be taken for another
        whole = (int(random.integers(2, 4)),) * max(len(whole), 2)
        fewer = [whole[random.integers(len(whole)) :] for _ in range(count - 1)]
        return [whole, *fewer][:: random.choice((1, -1))]
    shapes = []
    for _ in range(count):
        sizes = tuple(1 if random.random() < 0.3 else size for size in whole)
        dropped = int(random.integers(len(sizes) + 1)) if random.random() < 0.4 else 0
        shapes.append(sizes[dropped:])
    return shapes


def axes_of(random: Random, rank: int) -> tuple[int, ...]:
    """Return some of the axes, in any order and counted from either end; maybe none."""
    chosen = random.permutation(rank)[: random.integers(rank + 1)]
    return tuple(int(axis) - (rank if random.random() < 0.5 else 0) for axis in chosen)


def numbers_of(random: Random, shape: Shape) -> Array:
    """Return multiples of 1/8 from -2 to 2."""
    drawn: Array = random.integers(-16, 17, shape) / 8
    return np.asarray(drawn)


def with_special(random: Random, numbers: Array, dtype: str) -> Array:
    """Return the numbers, and in some places special ones, extremes, and neighbours of 1."""
    largest, smallest = _EXTREMES[dtype]
    beside = 1 + 2 * unit_roundoff(dtype), 1.0, 1 - unit_roundoff(dtype)
    special = np.array([*_SPECIAL, largest, -largest, smallest, -smallest, *beside])
    drawn = special[random.integers(len(special), size=numbers.shape)]
    return np.asarray(np.where(random.random(numbers.shape) < 0.3, drawn, numbers))


def with_infinite(random: Random, numbers: Array) -> Array:
    """Return the numbers, one in ten of them NaN or infinite."""
    drawn = np.array((np.nan, np.inf, -np.inf))[random.integers(3, size=numbers.shape)]
    return np.asarray(np.where(random.random(numbers.shape) < 0.1, drawn, numbers))
