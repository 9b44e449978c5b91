"""Which conformance cases catch which saboteur. `python tests/kill_table.py` prints all of it.

The tests run a part of the suite: each saboteur's hunting ground, or as much of it as it takes to
catch it, and the same few cases from everywhere, to see that a fault is no wider than its name.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saboteurs import SABOTEURS, Sabotage, Sabotaged, registered

from convdispatch.conformance import suite
from convdispatch.conformance.case import Case
from convdispatch.conformance.execution import Declared, execute
from convdispatch.conformance.known_failures import KnownFailures
from convdispatch.conformance.results import FAILED

# What nobody has: it changes nothing, and must be caught by nothing.
HONEST = Sabotage("honest", "Change nothing.", ("*",), dict, {})

# Cases of a hunting ground that are always run, if there are as many, and those from everywhere.
ON_THE_GROUND, ELSEWHERE = 100, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What became of one saboteur."""

    sabotage: Sabotage
    caught_by: list[str]  # ids
    cases: int  # run on the hunting ground
    failing_elsewhere: list[str]
    elsewhere: int

    def __str__(self) -> str:
        first = self.caught_by[0] if self.caught_by else "none"
        return f"{self.sabotage.name} | {len(self.caught_by)} of {self.cases} | {first}"


def spread(cases: Iterable[Case]) -> list[Case]:
    """Return the cases in an order that has nothing to do with where they come from."""
    return sorted(cases, key=lambda case: (zlib.crc32(case.id.encode()), case.id))


def hunt(sabotage: Sabotage, cases: Sequence[Case]) -> Kill:
    """Run a part of the cases, `spread` before, on the saboteur."""
    ground = [case for case in cases if sabotage.hunts(case)]
    with registered(sabotage) as backend:
        caught_by: list[str] = []
        done = 0
        for case in ground:
            if done >= ON_THE_GROUND and caught_by:
                break
            done += 1
            if fails(backend, case):
                caught_by.append(case.id)
        elsewhere = [case.id for case in cases[:ELSEWHERE] if fails(backend, case)]
    return Kill(
        sabotage=sabotage,
        caught_by=caught_by,
        cases=done,
        failing_elsewhere=elsewhere,
        elsewhere=len(cases[:ELSEWHERE]),
    )


def fails(backend: Sabotaged, case: Case) -> bool:
    """Say whether the case fails on the backend, which has done nothing before."""
    backend.renew()
    return execute(case, backend, declared(backend)).status == FAILED


def declared(backend: Sabotaged) -> Declared:
    """Return what the saboteur says of itself."""
    return Declared(dict(backend.sabotage.unsupported), KnownFailures("", {}))


def main() -> None:
    """Print the table of all saboteurs and all cases, as Markdown."""
    cases = spread(suite.build())
    print(f"{len(SABOTEURS)} saboteurs, {len(cases)} cases\n")
    print("| saboteur | its fault | caught by | one of them |\n|---|---|---|---|")
    for sabotage in SABOTEURS.values():
        with registered(sabotage) as backend:
            found = sorted(case.id for case in cases if fails(backend, case))
        print(f"| {sabotage.name} | {sabotage.fault} | {len(found)} | `{(found or ['none'])[0]}` |")


if __name__ == "__main__":
    main()
