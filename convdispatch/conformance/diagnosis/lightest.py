"""Of failing cases the one with the least data, as it is: nothing is run for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.function_range import everywhere
from convdispatch.conformance.cases.functions import ROWS, as_numpy
from convdispatch.conformance.diagnosis.findings import MinimalCase
from convdispatch.conformance.geometry import drawing_of
from convdispatch.conformance.report.scripts import script
from convdispatch.numerics.problem import Problem
from convdispatch.ops import BackendInfo

_EVERYWHERE = 2**16  # numbers: all of half precision


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


def _has_problem(case: Case) -> bool:
    return bool(case.arguments) and isinstance(case.arguments[0], Problem)


def _cells(case: Case) -> int:
    """Return the cells of the largest array among the case's arguments, or of its row's."""
    if case.check is as_numpy:
        return max(array.size for array in ROWS[str(case.arguments[0])].arrays)
    if case.check is everywhere:
        return _EVERYWHERE
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
