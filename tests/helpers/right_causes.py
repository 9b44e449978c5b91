"""How many saboteurs have their true cause named first by a diagnosis.

`python tests/helpers/right_causes.py [--all] [--rules-only] [NAME ...]` prints how many faults are
named first, the misses, and the median of the smallest cases' cells. A cause is right if it is true
of the same cases as the one stated in `true_causes`, or if what was done instead is the mistake
stated there. It is narrower if it says the stated cause and something more.
Each saboteur meets a part of its hunting ground, or with `--all` all of it, and cases from
everywhere. `--rules-only` asks for no hypotheses and no smallest cases.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kill_table import outcome_of, spread
from saboteurs import SABOTEURS, Sabotage, Sabotaged, registered
from true_causes import NARROWER, RIGHT, TRUE_CAUSES, UNSTATED, WRONG

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.diagnosis.diagnose import rules_of, separable
from convdispatch.conformance.diagnosis.explaining import explained
from convdispatch.conformance.diagnosis.explanation import Explanation
from convdispatch.conformance.results import FAILED, PASSED
from convdispatch.registry import registry

# Cases of a hunting ground and from everywhere that a diagnosis is made of, if not `--all`.
ON_THE_GROUND, ELSEWHERE, FEWEST = 800, 300, 4
_SECONDS = 6.0  # for what was done instead, and for the smallest case


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What is named first of a saboteur, and whether that is its true cause."""

    sabotage: Sabotage
    what: str
    instead: tuple[str, ...] = ()
    cells: int | None = None  # of the smallest case
    verdict: str  # RIGHT, NARROWER or WRONG

    def __str__(self) -> str:
        instead = f" = {self.instead[0]}" if self.instead else ""
        return f"{self.verdict}: {self.sabotage.name} ({self.sabotage.fault}): {self.what}{instead}"


def named_first(
    sabotage: Sabotage,
    cases: Sequence[Case],
    *,
    most: int = ON_THE_GROUND,
    seconds: float = _SECONDS,
) -> Named:
    """Run cases, which are `spread`, on the saboteur and diagnose it; no explanation in no time."""
    with registered(sabotage) as backend:
        statuses = _statuses(backend, cases, most)
        run = [case for case in cases if statuses.get(case.id) in (FAILED, PASSED)]
        rules = rules_of(statuses, run)
        if not rules:
            return Named(sabotage=sabotage, what="other", verdict=WRONG)
        known = {case.id: case for case in run}
        failing = [known[case] for case in rules[0].failing]
        found = _explained(backend, failing, seconds) if seconds else Explanation()
    truth = TRUE_CAUSES[sabotage.name]
    instead = tuple(one.what for one in found.hypotheses)
    bad = {case for case, status in statuses.items() if status == FAILED}
    verdict = truth.verdict(rules[0].covers, bad, separable(statuses, run))
    return Named(
        sabotage=sabotage,
        what=rules[0].what,
        instead=instead,
        cells=found.minimal.cells if found.minimal else None,
        verdict=RIGHT if set(instead[:1]) & set(truth.instead) else verdict,
    )


def verdict_on(sabotage: Sabotage, cases: Sequence[Case]) -> str:
    """Say whether the cause that is named first is the true one."""
    return named_first(sabotage, cases).verdict if sabotage.name in TRUE_CAUSES else UNSTATED


def _statuses(backend: Sabotaged, cases: Sequence[Case], most: int) -> dict[str, str]:
    found: dict[str, str] = {}
    failing = 0
    ground = [case for case in cases if backend.sabotage.hunts(case)]
    for case in ground:
        if len(found) >= most and failing >= FEWEST:
            break
        found[case.id] = outcome_of(backend, case).status
        failing += found[case.id] == FAILED
    for case in [case for case in cases if case.id not in found][:ELSEWHERE]:
        found[case.id] = outcome_of(backend, case).status
    return found


def _explained(backend: Sabotaged, failing: Sequence[Case], seconds: float) -> Explanation:
    info = registry.entries()[backend.name].info
    assert info is not None
    backend.renew()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fault that overflows is to be caught by its answer
        return explained(backend, info, failing, seed=0, seconds=seconds)


def main(arguments: Sequence[str]) -> None:
    """Print the share, the misses and the median."""
    names = [word for word in arguments if not word.startswith("--")] or list(TRUE_CAUSES)
    cases = spread(build())
    most = len(cases) if "--all" in arguments else ON_THE_GROUND
    seconds = 0.0 if "--rules-only" in arguments else _SECONDS
    found = []
    for name in names:
        found.append(named_first(SABOTEURS[name], cases, most=most, seconds=seconds))
        if found[-1].verdict != RIGHT or "--verbose" in arguments:
            sys.stdout.write(f"{found[-1]}\n")
            sys.stdout.flush()
    counts = Counter(one.verdict for one in found)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in (RIGHT, NARROWER, WRONG))
    sys.stdout.write(f"the cause named first, of {len(found)} saboteurs: {told}\n")
    cells = [one.cells for one in found if one.cells is not None]
    if cells:
        median = statistics.median(cells)
        sys.stdout.write(f"{len(cells)} smallest cases; median {median:g} cells\n")


if __name__ == "__main__":
    main(sys.argv[1:])
