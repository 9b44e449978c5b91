"""The smallest case that still fails, with its numbers by hand, a drawing and a script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis import by_hand
from convdispatch.conformance.diagnosis.findings import MinimalCase
from convdispatch.conformance.diagnosis.hypotheses import Believed
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


def unshrunk(
    cases: Sequence[Case], info: BackendInfo, seed: int, lines: Iterable[str] = ()
) -> MinimalCase:
    """Return the case with the least data as it is, without running anything."""
    case = lightest_first(cases)[0]
    problem = next((one for one in case.arguments if isinstance(one, Problem)), None)
    return MinimalCase(
        case=case.id,
        claim=case.claim,
        cells=_cells(case),
        lines=tuple(lines),
        drawing=drawing_of(problem) if problem else None,
        script=script(case, info.name, info=info, seed=seed),
    )


def lightest_first(cases: Sequence[Case]) -> list[Case]:
    """Return the cases with a problem first, and those with less data before the others."""
    return sorted(cases, key=lambda case: (not _has_problem(case), _cells(case), case.id))


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


def _has_problem(case: Case) -> bool:
    return bool(case.arguments) and isinstance(case.arguments[0], Problem)


def _cells(case: Case) -> int:
    """Return the cells of the largest array among the case's arguments."""
    return max(map(_most_cells, case.arguments), default=0)


def _most_cells(value: Any) -> int:
    if isinstance(value, Problem):
        # The result is not computed for this: many cases are compared.
        return max(prod(shape) for shape in (value.input_shape, *value.weight_shapes))
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, tuple | list):
        return max(len(value), max(map(_most_cells, value), default=0))
    if is_dataclass(value):
        return max((_most_cells(getattr(value, one.name)) for one in fields(value)), default=0)
    return 0
