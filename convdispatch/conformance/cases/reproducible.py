"""The same call gives the same bits every time, also many times in a row.

Two buffers that are used by turns, or a sum in whatever order threads finish, show only to those
that ask again at once, and more than twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import alternating
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend

_CALLS = 8


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each of the chosen geometries and its adjoint."""
    for ending, problem in alternating(seed=seed):
        claim = "Calls in a row, of the same tensors, give the same bits."
        yield problem_case("edge", f"in-a-row-{ending}", in_a_row, claim, problem)


def in_a_row(backend: Backend, problem: Problem) -> None:
    """Call the function again and again, and compare each answer with the first."""
    function, tensors = harness.plan(backend, problem), harness.tensors(backend, problem)
    answers = [np.array(backend.to_numpy(function(*tensors))) for _ in range(_CALLS)]
    for number, answer in enumerate(answers[1:], 2):
        if answer.tobytes() != answers[0].tobytes():
            cells = int((answer != answers[0]).sum())
            raise Mismatch(
                f"call {number} of {_CALLS} gave other bits than the first, in {cells} of "
                f"{answer.size} cells"
            )
