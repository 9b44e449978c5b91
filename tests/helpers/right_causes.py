"""How many saboteurs have their true cause named first by a diagnosis.

`python tests/helpers/right_causes.py [--all] [--rules-only] [--stored=FOLDER] [NAME ...]` prints
the misses, and how many faults are named first, of each family and of all. A cause is right if it
is true of the same cases as the one stated in `true_causes`, or if what was done instead is the
mistake stated there. It is narrower if it says the stated cause and something more.
Each saboteur meets a part of its hunting ground, or with `--all` all of it, and cases from
everywhere. What was done instead is asked where the rule alone is not right, and never with
`--rules-only`. `--stored` reads how the cases went from a folder, and writes there what it lacks:
running them takes ten times as long as the rules. The smallest cases are of `smallest_cases`.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kill_table import outcome_of, spread
from saboteurs import FAMILIES, SABOTEURS, Sabotage, Sabotaged, registered
from true_causes import NARROWER, RIGHT, TRUE_CAUSES, WRONG

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.diagnosis.diagnose import rules_of, separable
from convdispatch.conformance.diagnosis.hypotheses import believed
from convdispatch.conformance.results import FAILED, PASSED

# Cases of a hunting ground and from everywhere that a diagnosis is made of, if not `--all`.
ON_THE_GROUND, ELSEWHERE, FEWEST = 800, 300, 4
_SECONDS = 3.0  # for what was done instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What is named first of a saboteur, and whether that is its true cause."""

    sabotage: Sabotage
    what: str
    instead: tuple[str, ...] = ()
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
    stored: Path | None = None,
) -> Named:
    """Run cases, which are `spread`, on the saboteur and diagnose it; no explanation in no time.

    How the cases went may be `stored` in a folder, by earlier calls.
    """
    with registered(sabotage) as backend:
        statuses = _stored(backend, cases, most, stored)
        run = [case for case in cases if statuses.get(case.id) in (FAILED, PASSED)]
        rules = rules_of(statuses, run)
        if not rules:
            return Named(sabotage=sabotage, what="other", verdict=WRONG)
        truth = TRUE_CAUSES[sabotage.name]
        bad = {case for case, status in statuses.items() if status == FAILED}
        verdict = truth.verdict(rules[0].covers, bad, separable(statuses, run))
        instead: tuple[str, ...] = ()
        if verdict != RIGHT and truth.instead and seconds:
            known = {case.id: case for case in run}
            instead = _instead(backend, [known[case] for case in rules[0].failing], seconds)
    return Named(
        sabotage=sabotage,
        what=rules[0].what,
        instead=instead,
        verdict=RIGHT if set(instead[:1]) & set(truth.instead) else verdict,
    )


def verdict_on(sabotage: Sabotage, cases: Sequence[Case]) -> str:
    """Say whether the cause that is named first is the true one."""
    return named_first(sabotage, cases).verdict


def _stored(
    backend: Sabotaged, cases: Sequence[Case], most: int, folder: Path | None
) -> dict[str, str]:
    """Return how the cases went, by id, from the folder's file if it has one."""
    if folder is None:
        return _statuses(backend, cases, most)
    file = folder / f"{backend.name}.json"
    if not file.exists():
        file.write_text(json.dumps({"statuses": _statuses(backend, cases, most)}), "utf-8")
    known = {case.id for case in cases}
    found: dict[str, str] = json.loads(file.read_text("utf-8"))["statuses"]
    return {case: status for case, status in found.items() if case in known}


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


def _instead(backend: Sabotaged, failing: Sequence[Case], seconds: float) -> tuple[str, ...]:
    """Return what the backend seems to do instead, the likeliest first."""
    backend.renew()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fault that overflows is to be caught by its answer
        found = believed(backend, failing, deadline=time.monotonic() + seconds)
    return tuple(one.hypothesis.what for one in found)


def main(arguments: Sequence[str]) -> None:
    """Print the misses and the shares."""
    options = dict(word[2:].partition("=")[::2] for word in arguments if word.startswith("--"))
    names = [word for word in arguments if not word.startswith("--")] or list(TRUE_CAUSES)
    cases = spread(build())
    found = []
    for name in names:
        found.append(
            named_first(
                SABOTEURS[name],
                cases,
                most=len(cases) if "all" in options else ON_THE_GROUND,
                seconds=0.0 if "rules-only" in options else _SECONDS,
                stored=Path(options["stored"]) if "stored" in options else None,
            )
        )
        if found[-1].verdict != RIGHT or "verbose" in options:
            sys.stdout.write(f"{found[-1]}\n")
            sys.stdout.flush()
    sys.stdout.writelines(f"{line}\n" for line in _figures(found))


def _figures(found: Sequence[Named]) -> Iterator[str]:
    """Yield the verdicts of each family of faults and of all."""
    for family in FAMILIES:
        own = [one for one in found if one.sabotage.parts.__module__ == family.__name__]
        if own:
            yield f"{family.__name__.removeprefix('saboteurs_')}: {_counted(own)}"
    yield f"the cause named first, of {len(found)} saboteurs: {_counted(found)}"


def _counted(found: Sequence[Named]) -> str:
    counts = Counter(one.verdict for one in found)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in (RIGHT, NARROWER, WRONG))


if __name__ == "__main__":
    main(sys.argv[1:])
