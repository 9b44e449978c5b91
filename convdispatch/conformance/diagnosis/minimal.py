"""The smallest case that still fails, with its numbers by hand, a drawing and a script."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis import by_hand
from convdispatch.conformance.diagnosis.findings import MinimalCase
from convdispatch.conformance.diagnosis.hypotheses import Believed
from convdispatch.conformance.diagnosis.lightest import lightest_first, unshrunk
from convdispatch.conformance.diagnosis.observing import FUNCTION_CHECKS
from convdispatch.conformance.diagnosis.one_number import one_number
from convdispatch.conformance.diagnosis.reductions import largest
from convdispatch.conformance.diagnosis.shrinking import Failure, Trial, shrunk, trial_of
from convdispatch.conformance.geometry import drawing_of
from convdispatch.conformance.report.scripts import script
from convdispatch.conformance.results import PASSED
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, BackendInfo

_TRIED = 8  # of the smallest failing cases, until one fails again
_LONGEST_LINE = 500


def minimal(
    backend: Backend,
    info: BackendInfo,
    cases: Sequence[Case],
    *,
    believed: Believed | None,
    seed: int,
    deadline: float,
    tell: Callable[[MinimalCase], object],
) -> MinimalCase | None:
    """Return the minimal case of these failing ones; `tell` hears of each on the way there.

    With a mistake that is believed, it is one that this mistake explains. Without a problem to
    shrink, the case with the least data stands for the others as it is. None if none fails again.
    """
    declared = Declared.of(info)
    mistake = believed.mistake if believed else None
    for case in lightest_first(believed.cases if believed else cases)[:_TRIED]:
        if case.check in FUNCTION_CHECKS:
            alone = one_number(backend, info, case)
            if alone is not None:
                return alone
        trial = trial_of(backend, declared, case)
        if trial is None:
            continue

        def on_the_way(problem: Problem, failure: Failure, trial: Trial = trial) -> None:
            tell(_described(trial, problem, failure, info, seed))

        found = shrunk(trial, mistake=mistake, deadline=deadline, tell=on_the_way)
        if found is not None:
            return _described(trial, *found, info, seed)
        if time.monotonic() > deadline:
            break
    return _as_it_is(backend, declared, cases, info, seed)


def _as_it_is(
    backend: Backend, declared: Declared, cases: Sequence[Case], info: BackendInfo, seed: int
) -> MinimalCase | None:
    """Return the lightest case that fails now, with what its check says."""
    for case in lightest_first(cases)[:_TRIED]:
        outcome = execute(case, backend, declared)
        if outcome.status != PASSED and outcome.detail:
            return unshrunk([case], info, seed, [outcome.detail[:_LONGEST_LINE]])
    return None


def _described(
    trial: Trial, problem: Problem, failure: Failure, info: BackendInfo, seed: int
) -> MinimalCase:
    case = trial.made(problem)
    if failure.observation is not None:
        lines = by_hand.lines(failure.observation, problem)
    else:
        lines = (execute(case, trial.backend, trial.declared).detail[:_LONGEST_LINE],)
    return MinimalCase(
        case=trial.case.id,
        claim=trial.case.claim,
        cells=largest(problem),
        lines=lines,
        drawing=drawing_of(problem),
        script=script(case, info.name, info=info, seed=seed),
    )
