"""Which functions of a backend's table a case evaluates.

Expressions are recorded: they are evaluated over NumPy's functions, which say that they were used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import differentiation, functions, slopes
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.ops import OPTIONAL_FUNCTIONS, REQUIRED_FUNCTIONS

_NAMES = frozenset((*REQUIRED_FUNCTIONS, *OPTIONAL_FUNCTIONS))
_OF_ROWS: Mapping[str, Mapping[str, Any]] = {
    "functions.as_numpy": functions.ROWS,
    "slopes.slopes": slopes.ROWS,
}


def used_functions(case: Case) -> frozenset[str]:
    """Return the names of the functions; empty where the case is not about functions."""
    if case.op != "functions" or not case.arguments:
        return frozenset()
    check = f"{case.check.__module__.rpartition('.')[2]}.{case.check.__name__}"
    slug = str(case.arguments[0])
    if check in _OF_ROWS:
        return _recorded(check, slug)
    if check == "differentiation.slope":
        return frozenset([differentiation.SLOPES[slug][0]])
    return _NAMES.intersection(case.id.split("/", 2)[-1].split("-"))


@cache
def _recorded(check: str, slug: str) -> frozenset[str]:
    row = _OF_ROWS[check][slug]
    used: set[str] = set()
    with np.errstate(all="ignore"):
        row.expression(_Recording(used), *row.arrays)
    return frozenset(used)


class _Recording(Mapping[str, Callable[..., Any]]):
    """NumPy's functions, and those that were looked up."""

    def __init__(self, used: set[str]) -> None:
        self._used = used

    def __getitem__(self, name: str) -> Callable[..., Any]:
        self._used.add(name)
        return REFERENCE[name]

    def __iter__(self) -> Any:
        return iter(REFERENCE)

    def __len__(self) -> int:
        return len(REFERENCE)
