"""What some cases compute with, rebuilt: problems with given numbers, and rows of functions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import function_range
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.conformance.cases.functions import ROWS, as_numpy, limits_of
from convdispatch.conformance.diagnosis.mistakes.functions import Asked
from convdispatch.numerics.problem import Array, Problem, expected_of, round_to


@dataclass(frozen=True, kw_only=True, eq=False)
class _Given(Problem):
    """A problem whose arrays are not drawn from its seed."""

    @property
    def expected(self) -> tuple[Array, Array]:
        """The exact result and the largest error allowed, which nothing remembers."""
        return expected_of(self.op, self.arrays, self.dtype)


def given_numbers(problem: Problem, arrays: tuple[Array, ...]) -> Problem:
    """Return the problem with these arrays instead of its own, of the same op."""
    values: dict[str, Any] = {one.name: getattr(problem, one.name) for one in fields(problem)}
    given = _Given(**{**values, "input_shape": arrays[0].shape})
    vars(given)["arrays"] = arrays  # a cached property
    return given


def asked_by(case: Case) -> Asked:
    """Return what a case of `functions` or of `function_range` asks."""
    arguments: tuple[Any, ...] = case.arguments
    slug, dtype, *seed = arguments
    if case.check is as_numpy:
        row = ROWS[slug]
        arrays = tuple(round_to(array, dtype) for array in row.arrays)
        expression = row.expression
    else:
        arrays = (function_range.numbers_of(dtype, *seed),)
        expression = function_range.expression_of(slug)
    with np.errstate(all="ignore"):
        exact = np.asarray(expression(REFERENCE, *arrays), np.float64)
        rounded = round_to(exact, dtype)
        if case.check is as_numpy:
            limits = limits_of(ROWS[slug], list(arrays), exact, dtype)
        else:
            limits = function_range.allowed(slug, exact, dtype)
    return Asked(expression, arrays, dtype, np.where(limits > 0, exact, rounded), limits)
