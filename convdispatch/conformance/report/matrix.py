"""`docs/support-matrix.md`: what each backend computes, by what it declares and what was measured.

Nothing that differs from one run to the next is written (times, dates, the processor, the build of
a version), so that a page which differs is stale.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from convdispatch.conformance.report.records import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import (
    FAILED,
    KNOWN_FAILURE,
    PASSED,
    STATUSES,
    UNAVAILABLE,
    UNSUPPORTED,
)

_HEADING = """\
# Support matrix

What each backend computes, op by op, with the versions below. Written by

```sh
convdispatch conformance --backend all --level full --json report.json
convdispatch conformance matrix report.json > docs/support-matrix.md
```

and compared in every run of the tests (`matrix --check`), so that it cannot be out of date. A cell
counts the cases that passed, of all cases of the op; what is not among them is listed below with
its reason.
"""


def as_markdown(report: Report) -> str:
    """Return the page for this report."""
    cases = {case.id: case for case in report.cases}
    sections = [
        _HEADING,
        f"Specification {report.specification}, {len(cases)} cases, levels: "
        f"{', '.join(report.levels)}.\n",
        _versions(report),
        _matrix(report, cases),
        *(_exceptions(backend) for backend in report.backends),
    ]
    return "\n".join(sections)


def _versions(report: Report) -> str:
    rows = [
        (backend.name, backend.framework, _release(backend.version), _sum(backend))
        for backend in report.backends
    ]
    return _table(("backend", "framework", "version", "cases"), rows)


def _release(version: str | None) -> str:
    """Return '2.13.0' for '2.13.0+cpu'."""
    return version.partition("+")[0] if version else "-"


def _sum(backend: BackendRecord) -> str:
    """Return '6000 passed, 2 unsupported'; a status that did not occur is left out."""
    if not backend.outcomes:
        return f"{backend.status}: {backend.detail}"
    return ", ".join(f"{backend.counts[s]} {s}" for s in STATUSES if backend.counts[s])


def _matrix(report: Report, cases: dict[str, CaseRecord]) -> str:
    ops = sorted({case.op for case in report.cases})
    tested = [backend for backend in report.backends if backend.outcomes]
    counts = [_count(backend.outcomes, cases) for backend in tested]
    rows = [(op, *(_cell(count[op]) for count in counts)) for op in ops]
    return _table(("op", *(backend.name for backend in tested)), rows)


def _count(
    outcomes: Iterable[OutcomeRecord], cases: dict[str, CaseRecord]
) -> defaultdict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        found[cases[outcome.case].op][outcome.status] += 1
    return found


def _cell(count: Counter[str]) -> str:
    total = sum(count.values())
    if count[PASSED] == total:
        return f"{total}"
    others = (f"{count[status]} {status}" for status in STATUSES[1:] if count[status])
    return f"{count[PASSED]} of {total} ({', '.join(others)})"


def _exceptions(backend: BackendRecord) -> str:
    """Return the backend's section: every reason, with the cases that it keeps from passing."""
    lines = [f"## {backend.name}\n"]
    lines += [
        f"- declares {feature} unsupported: {reason}"
        for feature, reason in sorted(backend.unsupported.items())
    ]
    lines += [
        f"- declares errors of {entry.get('factor')} bounds for {feature}: {entry.get('reason')}"
        for feature, entry in sorted(backend.accuracy.items())
    ]
    for status in (FAILED, KNOWN_FAILURE, UNSUPPORTED, UNAVAILABLE):
        reasons = Counter(one.detail for one in backend.outcomes if one.status == status)
        lines += [f"- {status}, {_cases(n)}: {reason}" for reason, n in sorted(reasons.items())]
    lines += [f"- declared unsupported, but works: {reason}" for reason in _unneeded(backend)]
    lines += [f"- problem: {problem}" for problem in backend.problems]
    if len(lines) == 1:
        lines.append("Everything is supported, and nothing is known to fail.")
    return "\n".join(lines) + "\n"


def _unneeded(backend: BackendRecord) -> list[str]:
    """Return the reasons without a failing case; others may work on some processors."""
    declined = [one for one in backend.outcomes if one.status == UNSUPPORTED]
    failing = {one.detail for one in declined if not one.works}
    return sorted({one.detail for one in declined} - failing)


def _cases(number: int) -> str:
    return f"{number} case" if number == 1 else f"{number} cases"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
