"""What is said of each saboteur: the first hypothesis, and the cells of the smallest case.

`python tests/helpers/smallest_cases.py [PATTERN ...]` prints a line for each saboteur of these
names, and the median of the cells. It takes minutes.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice

from kill_table import fails, spread
from saboteurs import SABOTEURS, Sabotage, registered

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.diagnosis.explaining import explained
from convdispatch.conformance.diagnosis.explanation import Explanation
from convdispatch.registry import registry

FAILING = 30  # cases of a saboteur that are explained
SECONDS = 5.0  # for one saboteur


def explanation_of(
    sabotage: Sabotage, cases: Iterable[Case], *, most: int = FAILING, seconds: float = SECONDS
) -> Explanation | None:
    """Return what is said of the first of these cases that fail; None if none does."""
    with registered(sabotage) as backend:
        failing = list(islice((case for case in cases if fails(backend, case)), most))
        backend.renew()
        info = registry.entries()[sabotage.name].info
        assert info is not None
        if not failing:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fault may overflow
            return explained(backend, info, failing, seed=0, seconds=seconds)


def rows(cases: Sequence[Case], patterns: Sequence[str]) -> Iterator[tuple[str, str, int | None]]:
    """Yield each saboteur's name, the first hypothesis and the cells of the smallest case."""
    for name, sabotage in SABOTEURS.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            found = explanation_of(sabotage, (case for case in cases if sabotage.hunts(case)))
            what = found.hypotheses[0].what if found and found.hypotheses else ""
            yield name, what, found.minimal.cells if found and found.minimal else None


if __name__ == "__main__":
    sizes, named = [], 0
    for name, what, cells in rows(spread(build()), sys.argv[1:] or ["*"]):
        sys.stdout.write(f"| {name} | {what} | {'' if cells is None else cells} |\n")
        sys.stdout.flush()
        sizes.append(float("inf") if cells is None else cells)
        named += bool(what)
    sys.stdout.write(
        f"{len(sizes)} saboteurs, {named} with a hypothesis; "
        f"cells of the largest array: {statistics.median(sizes):g} in the median\n"
    )
