"""Make a failing problem smaller for as long as it fails alike.

Not by drawing problems afresh, as Hypothesis does: a backend may have several faults, and the way
down has to begin at the case that failed. It is the same in every run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.gradients import match_gradients
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.second_order import match_second_gradients
from convdispatch.conformance.cases.values import forward
from convdispatch.conformance.diagnosis.observing import (
    AnyMistake,
    Observation,
    Observer,
    observe_gradients,
    observe_result,
    observe_second,
)
from convdispatch.conformance.diagnosis.reductions import smaller, weight
from convdispatch.conformance.run.execution import Declared
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend

_MOST_ATTEMPTS = 600  # problems that are computed for one cause
_OBSERVERS: dict[object, Observer] = {
    forward: observe_result,
    match_gradients: observe_gradients,
    match_second_gradients: observe_second,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """How a problem fails: equal ones are taken for the same fault."""

    words: str  # of the message, up to its first number
    observation: Observation | None = None

    def is_like(self, other: Failure, mistake: AnyMistake | None) -> bool:
        """Say whether the other is the same fault; with a mistake, whether it explains both."""
        if self.observation is None or other.observation is None:
            return self.words == other.words
        if mistake is not None:
            return bool(other.observation.explained_by(mistake)[0])
        return self.observation.kind == other.observation.kind


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked of a backend, of one problem after the other."""

    backend: Backend
    declared: Declared
    case: Case  # its first argument is a problem, and no other is
    needs: tuple[str, ...]  # features besides those of the op

    def made(self, problem: Problem) -> Case:
        """Return the case for another problem."""
        _, *rest = self.case.arguments
        others = [one for one in rest if isinstance(one, Problem)]
        made = problem_case(
            self.case.level, "smaller", self.case.check, self.case.claim, problem, *rest,
            needs=self.needs, used=others,
        )  # fmt: skip
        return replace(made, id=f"{self.case.id} (made smaller)")

    def failure(self, problem: Problem) -> Failure | None:
        """Return how the problem fails; None if it passes, or if the backend declines it."""
        case = self.made(problem)
        if self.declared.reason(case) is not None:
            return None
        try:
            observer = _OBSERVERS.get(case.check)
            found = observer(self.backend, problem) if observer else None
            if found is not None:
                return Failure("", found)
            case.run(self.backend)
        except Mismatch as exc:
            return Failure(_words(str(exc)))
        except Exception as exc:  # noqa: BLE001 - a foreign backend may raise anything
            return Failure(type(exc).__name__)
        return None


def trial_of(backend: Backend, declared: Declared, case: Case) -> Trial | None:
    """Return the simplest question about the case's problem that fails; None without a problem."""
    problems = [one for one in case.arguments if isinstance(one, Problem)]
    if not problems or case.arguments[0] is not problems[0]:
        return None
    plain = replace(case, check=forward, arguments=(problems[0],))
    trial = Trial(backend, declared, plain, ())
    if trial.failure(problems[0]) is not None:
        return trial
    needs = tuple(one for one in ("gradients", "second_order") if one in case.features)
    trial = Trial(backend, declared, case, needs)
    is_alone = len(problems) == 1
    return trial if is_alone and trial.failure(problems[0]) is not None else None


def shrunk(
    trial: Trial,
    *,
    mistake: AnyMistake | None,
    deadline: float,
    tell: Callable[[Problem, Failure], object],
) -> tuple[Problem, Failure] | None:
    """Return the smallest problem that still fails alike; `tell` hears of each on the way."""
    best = trial.case.arguments[0]
    assert isinstance(best, Problem)
    failure = trial.failure(best)
    if failure is None:
        return None
    tell(best, failure)
    heavy, left = weight(best), _MOST_ATTEMPTS
    seen = {best}
    has_shrunk = True
    while has_shrunk:
        has_shrunk = False
        for problem in smaller(best):
            if problem in seen or weight(problem) >= heavy:
                continue
            if not left or time.monotonic() > deadline:
                return best, failure
            seen.add(problem)
            left -= 1
            found = trial.failure(problem)
            if found is not None and failure.is_like(found, mistake):
                best, failure, heavy, has_shrunk = problem, found, weight(problem), True
                tell(best, failure)
                break
    return best, failure


def _words(message: str) -> str:
    """Return the beginning of a message, up to what depends on the numbers.

    >>> _words("the result is wrong in 3 of 4 cells")
    'the result is wrong in'
    """
    end = next((place for place, sign in enumerate(message) if sign in "0123456789(['"), None)
    return message[:end].strip()
