"""The check that most cases share: the op's result is the exact one, within the bound."""

from __future__ import annotations

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend


def forward(backend: Backend, problem: Problem) -> Measured:
    """Compare the op's result with the exact one, cell by cell."""
    want, allowed = problem.expected
    got = harness.run(backend, problem)
    factor = harness.accuracy(backend, problem)
    return require_within(got, want, factor * allowed, problem.dtype)


def forward_case(level: str, slug: str, problem: Problem, claim: str = "") -> Case:
    """Return the case that checks the op's result for this problem."""
    claim = claim or "The result is the exact one within the rounding bound."
    return problem_case(level, slug, forward, claim, problem)
