"""The figures of the scoreboard: by engine, by op, by feature.

Declined is not passed: a cell has a number for each. A cell in which the engine declines every
case is 'not offered'.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from convdispatch.conformance.report.records import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import INTERRUPTED, PASSED, PRINTED, UNSUPPORTED
from convdispatch.support.child_process import CRASH, TIME_LIMIT
from scoreboard.engines import Engine
from scoreboard.faults import FAILING

ALL = "all"
NOT_OFFERED = "not offered"
_KINDS = {  # of failures that a row names
    CRASH: "{} ended the process",
    TIME_LIMIT: "{} did not end in time",
    PRINTED: "{} printed to standard output",
}


@dataclass(slots=True)
class Cell:
    """The cases of one engine, op and feature."""

    passed: int = 0
    failed: int = 0
    declined: int = 0
    not_run: int = 0
    worst: float = 0.0  # error in units of the bound, of the passed cases
    is_measured: bool = False

    def count(self, outcome: OutcomeRecord | None) -> None:
        """Count one case; None has no outcome."""
        status = outcome.status if outcome else None
        self.passed += status == PASSED
        self.failed += status in FAILING
        self.declined += status == UNSUPPORTED
        self.not_run += status not in (PASSED, UNSUPPORTED, *FAILING)
        if outcome and status == PASSED and outcome.bounds is not None:
            self.worst = max(self.worst, outcome.bounds)
            self.is_measured = True

    @property
    def is_offered(self) -> bool:
        """Whether the engine tries any of it."""
        return bool(self.passed or self.failed or self.not_run)

    def words(self) -> str:
        """Return the numbers that are not zero, each with its word."""
        if not self.is_offered:
            return NOT_OFFERED
        numbers = {
            "passed": self.passed,
            "failed": self.failed,
            "declined": self.declined,
            "not run": self.not_run,
        }
        return ", ".join(f"{count} {word}" for word, count in numbers.items() if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One engine's figures."""

    engine: Engine
    report: Report
    cells: Mapping[tuple[str, str], Cell] = field(repr=False)  # by op and feature; `ALL` sums up

    @property
    def record(self) -> BackendRecord:
        """The record of the one backend that the report is of."""
        return self.report.backends[0]

    @property
    def total(self) -> Cell:
        """All cases."""
        return self.cells[ALL, ALL]

    @property
    def milliseconds(self) -> float | None:
        """The time of a passed case: half of them took less."""
        times = [one.seconds for one in self.record.outcomes if one.status == PASSED]
        return 1000 * statistics.median(times) if times else None

    @property
    def notes(self) -> list[str]:
        """What an engine's user should know before the numbers."""
        found = [self.record.detail] if self.record.detail else []
        kinds = [one.kind for one in self.record.outcomes if one.status in FAILING]
        for kind, words in _KINDS.items():
            if count := kinds.count(kind):
                found.append(words.format(f"{count} case{'s' * (count > 1)}"))
        return found + [one for one in self.record.problems if one != INTERRUPTED]


def row(engine: Engine, report: Report) -> Row:
    """Count an engine's report."""
    outcomes = {one.case: one for one in report.backends[0].outcomes}
    cells: dict[tuple[str, str], Cell] = defaultdict(Cell)
    cells[ALL, ALL] = Cell()
    ops = {case.op for case in report.cases}
    for case in report.cases:
        for feature in (ALL, *features(case, ops)):
            cells[case.op, feature].count(outcomes.get(case.id))
            cells[ALL, feature].count(outcomes.get(case.id))
    return Row(engine=engine, report=report, cells=dict(cells))


def features(case: CaseRecord, ops: Iterable[str]) -> Iterator[str]:
    """Yield what the case is about: its op's details, and what is of no op, such as gradients."""
    known = set(ops)
    found = dict.fromkeys(
        detail or name
        for name, _, detail in (one.partition(":") for one in case.features)
        if (name == case.op if detail else name not in known)
    )
    yield from found


def ops_of(rows: Iterable[Row]) -> list[str]:
    """Return the ops that any row has, sorted."""
    return sorted({op for one in rows for op, _ in one.cells} - {ALL})


def features_of(rows: Iterable[Row], op: str) -> list[str]:
    """Return the op's features that any row has, those of most cases first."""
    counts: dict[str, int] = defaultdict(int)
    for one in rows:
        for (name, feature), cell in one.cells.items():
            if name == op and feature != ALL:
                size = cell.passed + cell.failed + cell.declined + cell.not_run
                counts[feature] = max(counts[feature], size)
    return sorted(counts, key=lambda feature: (-counts[feature], feature))
