"""The content of a report's page before any filter: the verdict, the matrix, the tables.

Everything is counted here, so that the template only lays it out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from convdispatch.conformance.case import LEVELS
from convdispatch.conformance.report.histogram import histogram
from convdispatch.conformance.report.records import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import (
    FAILED,
    KNOWN_FAILURE,
    PASSED,
    STATUSES,
    UNAVAILABLE,
    UNSUPPORTED,
)

# The first of these that occurs is what a cell of the matrix says.
_WORST_FIRST = (FAILED, KNOWN_FAILURE, UNAVAILABLE, UNSUPPORTED, PASSED)
SIGNS = {PASSED: "✓", FAILED: "✕", KNOWN_FAILURE: "!", UNSUPPORTED: "–", UNAVAILABLE: "?"}  # noqa: RUF001 - signs
_MOST_REASONS = 12  # of one backend and status; the list of cases has all


@dataclass(frozen=True, slots=True)
class Verdict:
    """The page's heading, and whether it is good news."""

    title: str
    is_good: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a matrix: the worst status, how many cases have it, and of how many."""

    status: str
    count: int
    total: int
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """One backend's cases by op and level; a cell without a case is None."""

    backend: str
    levels: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell | None, ...]], ...]  # op, its link, its cells


@dataclass(frozen=True, slots=True)
class Worst:
    """The worst error of one op and element type on one backend, and the case that has it."""

    bounds: float
    ulps: float
    href: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A histogram of the errors that are not zero, and how many errors are."""

    backend: str
    drawn: str  # SVG, or nothing where every error is zero
    measured: int
    exact: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some cases of a backend did not pass, and how many of them there are."""

    backend: str
    what: str
    reason: str
    cases: int
    href: str
    working: int = 0
    working_href: str = ""


def verdict(report: Report) -> Verdict:
    """Return the verdict: how many backends, cases and failures."""
    ran = [backend for backend in report.backends if backend.outcomes]
    failures = sum(backend.counts[FAILED] + len(backend.problems) for backend in report.backends)
    parts = [_number(len(ran), "backend"), _number(len(report.cases), "case")]
    parts.append(_number(failures, "failure"))
    for status in ("broken", "unavailable"):
        count = sum(backend.status == status for backend in report.backends)
        if count:
            parts.append(f"{count} {status}")
    is_broken = any(backend.status == "broken" for backend in report.backends)
    return Verdict(", ".join(parts), is_good=bool(ran) and not failures and not is_broken)


def link(**filters: str) -> str:
    """Return the address, on the page, of the list of cases with these filters.

    >>> link(backend="numpy", q="a b")
    '#backend=numpy&q=a+b'
    """
    return f"#{urlencode(filters, errors='backslashreplace')}"


def matrices(report: Report) -> list[Matrix]:
    """Return the matrix of each backend that ran; all have the same rows and columns."""
    ops = sorted({case.op for case in report.cases})
    levels = tuple(level for level in LEVELS if any(case.level == level for case in report.cases))
    by_id = {case.id: case for case in report.cases}
    return [_matrix(backend, by_id, ops, levels) for backend in report.backends if backend.outcomes]


def _matrix(
    backend: BackendRecord, by_id: dict[str, CaseRecord], ops: list[str], levels: tuple[str, ...]
) -> Matrix:
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for outcome in backend.outcomes:
        case = by_id[outcome.case]
        counted[case.op, case.level][outcome.status] += 1
        counted[case.op, ""][outcome.status] += 1
    columns = (*levels, "") if len(levels) > 1 else levels  # the last one is that of all
    rows = tuple(
        (
            op,
            link(backend=backend.name, op=op),
            tuple(_cell(counted[op, level], backend.name, op, level) for level in columns),
        )
        for op in ops
    )
    return Matrix(backend.name, levels, rows)


def _cell(counts: Counter[str], backend: str, op: str, level: str) -> Cell | None:
    if not counts:
        return None
    worst = next(status for status in _WORST_FIRST if counts[status])
    listed = ", ".join(f"{counts[one]} {one}" for one in STATUSES if counts[one])
    filters = {"backend": backend, "op": op, "level": level}
    return Cell(
        status=worst,
        count=counts[worst],
        total=counts.total(),
        label=f"{op}, {level or 'all levels'}, {backend}: {listed}",
        href=link(**{name: value for name, value in filters.items() if value}),
    )


def accuracy(report: Report) -> list[tuple[str, str, list[Worst | None]]]:
    """Return, for each op and element type, the worst error on each backend that ran."""
    by_id = {case.id: case for case in report.cases}
    ran = [backend for backend in report.backends if backend.outcomes]
    found = [_worst(backend, by_id) for backend in ran]
    keys = sorted({key for one in found for key in one})
    return [(op, dtype, [one.get((op, dtype)) for one in found]) for op, dtype in keys]


def _worst(backend: BackendRecord, by_id: dict[str, CaseRecord]) -> dict[tuple[str, str], Worst]:
    grouped: dict[tuple[str, str], list[OutcomeRecord]] = defaultdict(list)
    for outcome in backend.outcomes:
        case = by_id[outcome.case]
        if outcome.bounds is not None:
            grouped[case.op, case.dtype or "-"].append(outcome)
    worst = {}
    for key, outcomes in grouped.items():
        farthest = max(outcomes, key=lambda one: one.bounds or 0.0)
        ulps = max(one.ulps or 0.0 for one in outcomes)
        href = link(backend=backend.name, q=farthest.case)
        worst[key] = Worst(farthest.bounds or 0.0, ulps, href)
    return worst


def plots(report: Report) -> list[Plot]:
    """Return the histogram of the errors of each backend that measured any."""
    every = [(backend.name, list(_errors(backend))) for backend in report.backends]
    return [_plot(name, errors, name) for name, errors in every if errors]


def plots_by_op(report: Report) -> list[tuple[str, list[Plot]]]:
    """Return the histograms of each op, one a backend; ops that are always exact have none."""
    op_of = {case.id: case.op for case in report.cases}
    found: dict[str, list[Plot]] = defaultdict(list)
    for backend in report.backends:
        errors: dict[str, list[float]] = defaultdict(list)
        for outcome in backend.outcomes:
            if outcome.bounds is not None:
                errors[op_of[outcome.case]].append(outcome.bounds)
        for op, of_op in errors.items():
            found[op].append(_plot(backend.name, of_op, f"{op} on {backend.name}"))
    drawn = {op: found[op] for op in sorted(found)}
    return [(op, of_op) for op, of_op in drawn.items() if any(plot.drawn for plot in of_op)]


def _errors(backend: BackendRecord) -> Iterable[float]:
    return (one.bounds for one in backend.outcomes if one.bounds is not None)


def _plot(backend: str, errors: list[float], title: str) -> Plot:
    exact = errors.count(0)
    drawn = histogram(errors, title) if exact < len(errors) else ""
    return Plot(backend, drawn, len(errors), exact)


def unsupported(report: Report) -> list[Reason]:
    """Return every feature that a backend declares unsupported, used by a case or not."""
    rows = []
    for backend in report.backends:
        skipped = [one for one in backend.outcomes if one.status == UNSUPPORTED]
        details = Counter(one.detail for one in skipped)
        working = Counter(one.detail for one in skipped if one.works)
        declared = {f"{what}: {why}": (what, why) for what, why in backend.unsupported.items()}
        for detail in dict.fromkeys([*declared, *details]):
            what, why = declared.get(detail, ("", detail))
            filters = {"backend": backend.name, "q": what or why}
            rows.append(
                Reason(
                    backend.name,
                    what,
                    why,
                    details[detail],
                    link(**filters, status=UNSUPPORTED),
                    working[detail],
                    link(**filters, status="works"),
                )
            )
    return rows


def reasons(report: Report, status: str) -> list[Reason]:
    """Return why cases have a status, the most frequent reasons of each backend first."""
    rows = []
    for backend in report.backends:
        examples: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for outcome in backend.outcomes:
            if outcome.status == status:
                reason = outcome.detail.partition("\n")[0]  # the rest concerns this case only
                counts[reason] += 1
                examples.setdefault(reason, outcome.case)
        href = link(backend=backend.name, status=status)
        frequent = counts.most_common(_MOST_REASONS)
        rows += [Reason(backend.name, examples[why], why, n, href) for why, n in frequent]
        left = counts.total() - sum(n for _, n in frequent)
        if left:
            rows.append(Reason(backend.name, "", "other reasons", left, href))
    return rows


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + "s" * (count != 1)
