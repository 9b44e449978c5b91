"""Mistakes with what is beyond some number: samples, channels, cells or taps that are left out.

The number is not known, so that there are several answers, one for each that it could be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.contents import ALL, SPATIAL
from convdispatch.conformance.diagnosis.mistakes.mistake import (
    CONVOLUTIONS,
    PRODUCTS,
    Wrong,
    computed,
)
from convdispatch.numerics.problem import Array, Problem

_NUMBERS = (1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What lies beyond a number is left out; `answers` tries each number."""

    what: str
    ops: tuple[type, ...]
    limited: Callable[[Problem], Iterator[tuple[Array, Array]]]
    is_loose: bool = False

    def answers(self, problem: Problem) -> Iterator[Wrong]:
        """Yield the numbers for each limit that is possible here."""
        if isinstance(problem.op, self.ops):
            for answer in self.limited(problem):
                yield {0: answer}


def _results(problem: Problem, axis: int) -> Iterator[tuple[Array, Array]]:
    exact, allowed = problem.expected
    for number in range(1, exact.shape[axis]):
        yield _without(exact, axis, number), _without(allowed, axis, number)


def _samples(problem: Problem) -> Iterator[tuple[Array, Array]]:
    return _results(problem, 0)


def _channels(problem: Problem) -> Iterator[tuple[Array, Array]]:
    return _results(problem, len(problem.input_shape) - 1 if problem.channels_last else 1)


def _cells(problem: Problem) -> Iterator[tuple[Array, Array]]:
    first = 1 if problem.channels_last else 2
    for axis in range(first, first + len(problem.input_shape) - 2):
        yield from _results(problem, axis)


def _channels_read(problem: Problem) -> Iterator[tuple[Array, Array]]:
    x, *weights = problem.arrays
    axis = x.ndim - 1 if problem.channels_last else 1
    for number in _NUMBERS:
        if number < x.shape[axis]:
            given = (_without(x, axis, number), *weights)
            yield computed(problem.op, given, problem.dtype)


def _taps(problem: Problem) -> Iterator[tuple[Array, Array]]:
    x, kernel, *bias = problem.arrays
    for axis in range(kernel.ndim - 2):
        for number in _NUMBERS:
            if number < kernel.shape[axis]:
                given = (x, _without(kernel, axis, number), *bias)
                yield computed(problem.op, given, problem.dtype)


def _without(array: Array, axis: int, number: int) -> Array:
    """Return the array with zeros beyond so many indices of an axis."""
    kept = np.zeros_like(array)
    index = (slice(None),) * axis + (slice(number),)
    kept[index] = array[index]
    return kept


LIMITS: tuple[Limit, ...] = (
    Limit(what="leaving the last samples at zero", ops=ALL, limited=_samples),
    Limit(what="leaving the last channels of the result at zero", ops=ALL, limited=_channels),
    Limit(what="leaving the last cells of an axis at zero", ops=SPATIAL, limited=_cells),
    Limit(what="reading the first channels alone", ops=PRODUCTS, limited=_channels_read),
    Limit(what="reading the first taps of an axis alone", ops=CONVOLUTIONS, limited=_taps),
)
