"""Mistakes with NaN and infinity: where they should come out, and where they should not.

They are looked for in problems whose arrays hold such numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.contents import ALL
from convdispatch.conformance.diagnosis.mistakes.mistake import (
    CONVOLUTIONS,
    Answer,
    Mistake,
    Numbers,
    computed,
    of_arrays,
    of_result,
)
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Conv


def _replaced(change: Callable[[Array, float], Array]) -> Numbers:
    """Change special numbers: change(array, the largest number of the element type)."""

    def changed(problem: Problem, *arrays: Array) -> tuple[Array, ...] | None:
        largest = float(np.finfo(np.float32).max)
        if problem.dtype != "bfloat16":
            largest = float(np.finfo(problem.dtype).max)
        new = tuple(change(array, largest) for array in arrays)
        is_same = all(
            np.array_equal(a, b, equal_nan=True) for a, b in zip(new, arrays, strict=True)
        )
        return None if is_same else new

    return of_arrays(changed)


def _finite(array: Array, largest: float) -> Array:
    return np.where(np.isinf(array), np.sign(array) * largest, array)


def _spread_to(reach: Callable[[Problem, Array, Array], Array]) -> Numbers:
    """Make more of the result NaN: reach(problem, special cells of x, right result)."""

    def numbers(problem: Problem) -> Answer:
        exact, allowed = problem.expected
        spoilt = reach(problem, ~np.isfinite(problem.arrays[0]), exact)
        return np.where(spoilt, np.nan, exact), np.where(spoilt, 0, allowed)

    return numbers


def _own_sample(_: Problem, special: Array, right: Array) -> Array:
    samples = special.reshape(len(special), -1).any(1)
    return np.broadcast_to(samples.reshape(-1, *[1] * (right.ndim - 1)), right.shape)


def _next_sample(_: Problem, special: Array, right: Array) -> Array:
    samples = np.roll(special.reshape(len(special), -1).any(1), 1)
    samples[:1] = False
    return np.broadcast_to(samples.reshape(-1, *[1] * (right.ndim - 1)), right.shape)


def _other_groups(problem: Problem) -> Answer:
    """Compute groups by a dense kernel with zeros between them."""
    op: Any = problem.op
    x, kernel, *rest = problem.arrays
    if op.groups == 1 or not isinstance(op, Conv):
        return None
    per_group, filters = kernel.shape[-2], kernel.shape[-1] // op.groups
    dense = np.zeros((*kernel.shape[:-2], per_group * op.groups, kernel.shape[-1]))
    for group in range(op.groups):
        read = slice(group * per_group, (group + 1) * per_group)
        write = slice(group * filters, (group + 1) * filters)
        dense[..., read, write] = kernel[..., write]
    return computed(replace(op, groups=1), (x, dense, *rest), problem.dtype)


SPECIAL: tuple[Mistake, ...] = (
    Mistake(
        what="treating NaN as zero",
        ops=ALL,
        variants=(_replaced(lambda array, _: np.where(np.isnan(array), 0, array)),),
    ),
    Mistake(
        what="returning 0 for NaN",
        ops=ALL,
        variants=(of_result(lambda _, y: np.where(np.isnan(y), 0, y)),),
    ),
    Mistake(
        what="replacing infinity with the largest number", ops=ALL, variants=(_replaced(_finite),)
    ),
    Mistake(
        what="letting NaN and infinity reach the whole sample",
        ops=ALL,
        variants=(_spread_to(_own_sample),),
    ),
    Mistake(
        what="letting NaN and infinity reach the next sample",
        ops=ALL,
        variants=(_spread_to(_next_sample),),
    ),
    Mistake(
        what="letting NaN cross from one group to the others",
        ops=CONVOLUTIONS,
        variants=(_other_groups,),
    ),
)
