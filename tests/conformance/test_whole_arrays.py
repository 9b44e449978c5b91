"""The definition over whole arrays, which large sizes are compared with, is the oracle's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from convdispatch.conformance.cases import strategies, whole_arrays
from convdispatch.conformance.cases.strategies import KINDS
from convdispatch.numerics.problem import Problem


@pytest.mark.parametrize("kind", KINDS)
def test_whole_arrays_agree_with_the_oracle(kind: str) -> None:
    """Each op gives the same numbers from tap to tap and from cell to cell, but for rounding."""

    def compare(problem: Problem) -> None:
        if hasattr(problem.op, "activation"):
            problem = replace(problem, op=replace(problem.op, activation="linear"))
        got = whole_arrays.computed(problem.op, *problem.arrays)
        want = problem.expected[0]
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)

    drawn = strategies.problems(kind, dtype="float64")
    strategies.check_examples(compare, drawn, examples=15)
