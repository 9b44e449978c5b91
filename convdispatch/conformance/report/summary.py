"""A report as Markdown for the summary of a job: the counts, the causes and the first failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from convdispatch.conformance.report.records import BackendRecord, CaseRecord, Report
from convdispatch.conformance.results import FAILED, STATUSES
from convdispatch.support.text import one_line, printable

MARK = "<!-- convdispatch conformance -->"  # its first line: an empty one for the reader
_MOST_FAILURES, _MOST_CAUSES = 20, 10
_LONGEST = 300  # characters of a detail


def as_markdown(report: Report) -> str:
    """Return the summary; the whole report has what it leaves out."""
    cases = {case.id: case for case in report.cases}
    part = f", shard {report.shard}" if report.shard else ""
    lines = [
        MARK,
        f"## Conformance: {_verdict(report)}",
        "",
        f"Specification {report.specification}, level {', '.join(report.levels)}, "
        f"seed {report.seed}{part}, {report.created}.",
    ]
    for backend in report.backends:
        lines += _backend(backend, cases)
    return "\n".join([*lines, ""])


def _verdict(report: Report) -> str:
    counts: Counter[str] = Counter()
    for backend in report.backends:
        counts.update(backend.counts)
    problems = sum(len(backend.problems) for backend in report.backends)
    more = f", {problems} problem{'s' * (problems > 1)}" if problems else ""
    return f"{counts[FAILED]} of {counts.total()} cases failed{more}"


def _backend(backend: BackendRecord, cases: Mapping[str, CaseRecord]) -> Iterator[str]:
    version = f" ({backend.framework} {backend.version})" if backend.version else ""
    yield from ("", f"### {_plain(backend.name + version)}", "")
    if backend.status != "available":
        yield from (f"{backend.status}: {_plain(backend.detail)}", "")
    if backend.outcomes:
        yield from _table(backend, cases)
    yield from _list("Problems", [_plain(one) for one in backend.problems], _MOST_FAILURES)
    causes = [
        f"{_plain(cause.what)}: {cause.failing} of {cause.all_failing} failing, "
        f"{cause.passing} of {cause.all_passing} passing"
        for cause in backend.diagnosis
    ]
    yield from _list("What the failures share", causes, _MOST_CAUSES)
    failures = [
        f"`{_code(one.case)}`: {one.kind}. {_plain(one.detail)}"
        for one in backend.outcomes
        if one.status == FAILED
    ]
    yield from _list("Failures", failures, _MOST_FAILURES)


def _table(backend: BackendRecord, cases: Mapping[str, CaseRecord]) -> Iterator[str]:
    """Yield the counts by level, and their sums."""
    statuses = [status for status in STATUSES if backend.counts[status]]
    counts: dict[str, Counter[str]] = {}
    for outcome in backend.outcomes:
        counts.setdefault(cases[outcome.case].level, Counter())[outcome.status] += 1
    yield _row(["level", *statuses])
    yield _row(["---", *("---:" for _ in statuses)])
    for level in sorted(counts):
        yield _row([level, *(str(counts[level][status]) for status in statuses)])
    yield _row(["all", *(str(backend.counts[status]) for status in statuses)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list(title: str, lines: Sequence[str], most: int) -> Iterator[str]:
    if lines:
        yield from ("", f"**{title}**", "")
        yield from (f"- {line}" for line in lines[:most])
        if len(lines) > most:
            yield f"- ... and {len(lines) - most} more"


def _plain(text: str) -> str:
    """Return one line in which nothing is Markdown or HTML."""
    line = printable(one_line(text))
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
    return "".join(f"\\{c}" if c in r"\`*_[]<>|#~" else c for c in line).replace("&", "&amp;")


def _code(text: str) -> str:
    return printable(one_line(text)).replace("`", "'")
