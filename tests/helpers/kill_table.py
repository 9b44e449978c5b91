"""Which conformance cases catch which saboteur.

`python tests/helpers/kill_table.py [--all]` prints the table.

Each saboteur meets a part of the suite: its hunting ground, or as much of it as it takes to catch
it, and the same few cases from everywhere, to see that the fault is no wider than its name. With
`--all` it meets its whole hunting ground.
"""

from __future__ import annotations

import sys
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sabotage import HONEST_LIMITS
from saboteurs import SABOTEURS, Sabotage, Sabotaged, registered

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import build
from convdispatch.conformance.results import FAILED, Outcome
from convdispatch.conformance.run.execution import Declared, execute
from convdispatch.conformance.run.known_failures import KnownFailures

# What nobody has: it changes nothing, and must be caught by nothing.
HONEST = Sabotage("honest", "Change nothing.", ("*",), dict, HONEST_LIMITS)

# Cases of a hunting ground that are always run, if there are as many, and those from everywhere.
ON_THE_GROUND, ELSEWHERE = 100, 60

HEADER = "\n".join(
    [
        "| saboteur | what it does | caught by | one of them | cause named first |",
        "|---|---|---|---|---|",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The result of one saboteur."""

    sabotage: Sabotage
    caught_by: list[str]  # ids
    cases: int  # run on the hunting ground
    failing_elsewhere: list[str]
    elsewhere: int
    verdict: str = "not asked"  # on the cause that a diagnosis names first: see `right_causes`

    def __str__(self) -> str:
        first = f"`{self.caught_by[0]}`" if self.caught_by else "none"
        name, fault = self.sabotage.name, self.sabotage.fault
        caught = f"{len(self.caught_by)} of {self.cases}"
        return f"| {name} | {fault} | {caught} | {first} | {self.verdict} |"


def spread(cases: Iterable[Case]) -> list[Case]:
    """Return the cases in an order that has nothing to do with where they come from."""
    return sorted(cases, key=lambda case: (zlib.crc32(case.id.encode()), case.id))


def hunt(sabotage: Sabotage, cases: Sequence[Case], *, most: int = ON_THE_GROUND) -> Kill:
    """Run a part of the cases on the saboteur; they are `spread`.

    Not more than `most` of its hunting ground are run, unless none of them catches it.
    """
    ground = [case for case in cases if sabotage.hunts(case)]
    with registered(sabotage) as backend:
        caught_by: list[str] = []
        done = 0
        for case in ground:
            if done >= most and caught_by:
                break
            done += 1
            caught_by += [case.id] if fails(backend, case) else []
        elsewhere = [case.id for case in cases[:ELSEWHERE] if fails(backend, case)]
    return Kill(
        sabotage=sabotage,
        caught_by=caught_by,
        cases=done,
        failing_elsewhere=elsewhere,
        elsewhere=len(cases[:ELSEWHERE]),
    )


def fails(backend: Sabotaged, case: Case) -> bool:
    """Say whether the case fails on the backend."""
    return outcome_of(backend, case).status == FAILED


def outcome_of(backend: Sabotaged, case: Case) -> Outcome:
    """Return the outcome of the case on the backend, which has done nothing before."""
    backend.renew()
    declared = Declared(dict(backend.sabotage.unsupported), KnownFailures("", {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fault that overflows is to be caught by its answer
        return execute(case, backend, declared)


def table(
    cases: Sequence[Case], *, most: int, verdict: Callable[[Sabotage, Sequence[Case]], str]
) -> Iterator[str]:
    """Yield the lines of the kill table, in Markdown."""
    yield f"{len(SABOTEURS)} saboteurs, {len(cases)} cases.\n\n{HEADER}"
    for sabotage in SABOTEURS.values():
        kill = hunt(sabotage, cases, most=most)
        yield str(replace(kill, verdict=verdict(sabotage, cases)))


if __name__ == "__main__":
    from right_causes import verdict_on  # which imports this module

    all_cases = spread(build())
    limit = len(all_cases) if "--all" in sys.argv else ON_THE_GROUND
    for line in table(all_cases, most=limit, verdict=verdict_on):
        sys.stdout.write(f"{line}\n")
