"""The numbers of problems: drawn, or counted so that a person can follow the sums.

Each kind shows faults that others hide: see `Problem.values` for those in common use. Besides,

'ternary'    -1, 0 and 1: many results are exactly zero, at a relu's kink or at a tie, and gradients
             of first and second order are exact in every element type
'whole'      to 256: no sum is rounded in float32, and nearly all are in half precision
'parts'      as 'normal', and beyond a place along one axis a millionth of it
'one-large'  as 'normal', and one number 2**30 times as large
"""

from __future__ import annotations

from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.ops import Shape

Array: TypeAlias = npt.NDArray[Any]

# Kinds of numbers of which no sum is rounded in float32, unless it is very long.
EXACT = ("ternary", "whole")


def draw(values: str, rng: np.random.Generator, number: int, shape: Shape) -> Array:
    """Return numbers of this kind for a problem's input, 0, or for one of its weights.

    >>> draw("small", np.random.default_rng(), 0, (3,))
    array([ 0.125, -0.25 ,  0.375])
    """
    return np.asarray(_DRAW[values](rng, number, shape))


def _normal(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    return rng.standard_normal(shape)


def _eighths(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    return rng.integers(-16, 17, shape) / 8


def _positive(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    return rng.uniform(0.5, 1.0, shape)


def _counting(_: np.random.Generator, number: int, shape: Shape) -> Array:
    """Digits of a sum tell which cell met which tap, as long as the kernel is small."""
    count = np.arange(1.0, prod(shape) + 1)
    if number == 1 and count.size <= _DIGITS:
        count = 10 ** (count - 1)
    return count.reshape(shape) + (6 if number > 1 else 0)


def _signed(rng: np.random.Generator, number: int, shape: Shape) -> Array:
    return _alternating(_counting(rng, number, shape))


def _small(_: np.random.Generator, __: int, shape: Shape) -> Array:
    return _alternating(np.arange(1.0, prod(shape) + 1).reshape(shape)) / 8


def _alternating(values: Array) -> Array:
    signs = 1 - 2 * (np.arange(values.size) % 2)
    return values * signs.reshape(values.shape)


_DIGITS = 3  # taps that are powers of ten: with more, float16 would round the sums


def _ternary(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    return rng.integers(-1, 2, shape) * 1.0


def _whole(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    return rng.integers(-256, 257, shape) * 1.0


def _parts(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    drawn, axis = rng.standard_normal(shape), int(rng.integers(max(len(shape), 1)))
    if drawn.size:
        place = int(rng.integers(drawn.shape[axis] + 1))
        np.moveaxis(drawn, axis, 0)[place:] *= 2.0**-20
    return drawn


def _one_large(rng: np.random.Generator, _: int, shape: Shape) -> Array:
    drawn = rng.standard_normal(shape)
    if drawn.size:
        drawn.reshape(-1)[rng.integers(drawn.size)] *= 2.0**30
    return drawn


_DRAW = {
    "normal": _normal,
    "eighths": _eighths,
    "positive": _positive,
    "counting": _counting,
    "signed": _signed,
    "small": _small,
    "ternary": _ternary,
    "whole": _whole,
    "parts": _parts,
    "one-large": _one_large,
}
