"""Mistakes with roundings: numbers kept or added up in a narrower element type."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.mistake import PRODUCTS, Answer, Mistake, Numbers
from convdispatch.numerics import bounds
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Pool, Resize, Upsample

_ROUNDING = (*PRODUCTS, Pool, Resize, Upsample)


def _largest(dtype: str) -> float:
    return float(np.finfo(np.float32 if dtype == "bfloat16" else dtype).max)


def _overflowing_clipped(problem: Problem) -> Answer:
    """Return the largest number of the element type where the result is beyond it."""
    exact, allowed = problem.expected
    largest = _largest(problem.dtype)
    return (exact.clip(-largest, largest), allowed) if np.abs(exact).max() > largest else None


def _narrower(dtype: str, wider: tuple[str, ...]) -> Numbers:
    """Allow the right result the errors of sums in a narrower type, none of whose numbers is kept.

    Whatever is computed exactly in it has no error at all.
    """

    def numbers(problem: Problem) -> Answer:
        if problem.dtype not in wider:
            return None
        exact, allowed = problem.expected
        length = max(problem.reduction_length, 4)
        unit = bounds.unit_roundoff(dtype)
        share = (length + 4) * unit / bounds.gamma(length, bounds.unit_roundoff(problem.dtype))
        return exact, np.maximum(allowed * share, 16 * unit * np.abs(exact))

    return numbers


def _summed(dtype: str) -> Numbers:
    """Allow the errors of sums in the element type itself, where float32 is demanded."""

    def numbers(problem: Problem) -> Answer:
        if problem.dtype != dtype:
            return None
        exact, allowed = problem.expected
        length = problem.reduction_length + 4
        return exact, allowed * max(length / 4, 1)

    return numbers


def _loose(what: str, *variants: Any) -> Mistake:
    return Mistake(what=what, ops=_ROUNDING, variants=variants, is_loose=True)


PRECISION = (
    Mistake(
        what="returning the largest number instead of infinity",
        ops=_ROUNDING,
        variants=(_overflowing_clipped,),
    ),
    _loose("adding up half precision in half precision", _summed("float16"), _summed("bfloat16")),
    _loose("computing float64 in float32", _narrower("float32", ("float64",))),
    _loose(
        "rounding to ten bits, as TF32 and float16 have them",
        _narrower("float16", ("float32", "float64")),
    ),
    _loose(
        "rounding to seven bits, as bfloat16 has them",
        _narrower("bfloat16", ("float32", "float64", "float16")),
    ),
)
