"""A conformance report as text for a terminal: the counts and the failures.

One block per backend: what its failing cases share, its counts, its cases by op and feature, its
worst errors, its lists.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from convdispatch.cli._output import one_line, table
from convdispatch.conformance.report import diagnosis_text
from convdispatch.conformance.report.diagnosis_text import Alike, folded
from convdispatch.conformance.report.records import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import (
    FAILED,
    KNOWN_FAILURE,
    PASSED,
    UNAVAILABLE,
    UNSUPPORTED,
    is_partial,
)
from convdispatch.runtime.registry import AVAILABLE
from convdispatch.support.text import printable

MOST_FAILURES = 12  # different messages that are printed, of one backend
_MOST_LISTED = 12  # reasons, cases
_INDENT = 4  # of what stands under a title
_LONGEST_DETAIL = 500
_LETTERS = {FAILED: "F", KNOWN_FAILURE: "K", UNSUPPORTED: "U", UNAVAILABLE: "N"}
_LEGEND = "a number: cases that passed; F failed, K known failure, U unsupported, N unavailable"
_ALL = "all"


def as_text(report: Report, scripts: Mapping[tuple[str, str], str]) -> str:
    """Return the report; `scripts` are the files of failures, by backend and case."""
    cases = {case.id: case for case in report.cases}
    # A name with a line break must not look like a verdict.
    blocks = ["\n".join(map(printable, _backend(one, cases, scripts))) for one in report.backends]
    return "\n\n".join([*blocks, _verdict(report)])


def _backend(
    backend: BackendRecord,
    cases: Mapping[str, CaseRecord],
    scripts: Mapping[tuple[str, str], str],
) -> Iterator[str]:
    version = f" ({backend.framework} {backend.version})" if backend.version else ""
    yield f"{backend.name}{version}"
    if backend.status != AVAILABLE:
        yield f"  {backend.status}: {_short(backend.detail)}"
    yield from _section("what the failing cases share", diagnosis_text.lines(backend.diagnosis))
    if backend.outcomes:
        counted = [f"{count} {status}" for status, count in backend.counts.items() if count]
        yield f"  {', '.join(counted)}; {backend.seconds:.1f} seconds"
        yield from _section(_LEGEND, _matrix(backend, cases).splitlines())
    measured = [one for one in backend.outcomes if one.ulps is not None]
    if measured:
        yield from _section("worst errors", _errors(measured, cases).splitlines())
    for feature, accuracy in backend.accuracy.items():
        yield f"  {feature}: errors up to {accuracy['factor']:g} bounds ({accuracy['reason']})"
    yield from _lists(backend)
    yield from _section("problems", map(one_line, backend.problems))
    if is_partial(backend.problems):
        run = {one.case for one in backend.outcomes}
        missing = [case for case in cases if case not in run]
        yield from _section(f"not run, {len(missing)} of {len(cases)} cases", _first(missing))
    yield from _failures(backend, cases, scripts)


def _matrix(backend: BackendRecord, cases: Mapping[str, CaseRecord]) -> str:
    """Return the counts by op and feature, of the features that occur."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for outcome in backend.outcomes:
        case = cases[outcome.case]
        for feature in _features(case):
            counts[case.op, feature][outcome.status] += 1
    ops = sorted({op for op, _ in counts})
    # A column for features that several ops share; the column 'all' covers those of a single op.
    shared = Counter(feature for _, feature in counts)
    columns = sorted(shared, key=lambda feature: (feature != _ALL, -shared[feature], feature))
    rows = [[op, *(_cell(counts[op, feature]) for feature in columns)] for op in ops]
    return table(["op", *columns], rows, indent=_INDENT)


def _features(case: CaseRecord) -> Iterator[str]:
    """Yield 'all' and the details that a backend could decline for this op."""
    yield _ALL
    for feature in case.features:
        op, _, detail = feature.partition(":")
        if detail and op == case.op:
            yield detail


def _cell(counts: Counter[str]) -> str:
    others = [f"{letter}{counts[status]}" for status, letter in _LETTERS.items() if counts[status]]
    passed = [str(counts[PASSED])] if counts[PASSED] else []
    return " ".join([*passed, *others]) or "-"


def _errors(measured: Iterable[OutcomeRecord], cases: Mapping[str, CaseRecord]) -> str:
    groups: dict[tuple[str, str], list[OutcomeRecord]] = defaultdict(list)
    for one in measured:
        case = cases[one.case]
        groups[case.op, case.dtype or "-"].append(one)
    rows = [
        (op, dtype, _number(one.bounds for one in group))
        for (op, dtype), group in sorted(groups.items())
    ]
    # Not the ULPs, which the report has: they depend on the machine if terms cancel.
    return table(("op", "element type", "in bounds"), rows, indent=_INDENT)


def _number(values: Iterable[float | None]) -> str:
    return f"{max(value for value in values if value is not None):.3g}"


def _lists(backend: BackendRecord) -> Iterator[str]:
    borrowed = backend.unsupported.get("functions")
    yield from _section("functions", [borrowed] if borrowed else [])
    for status in (UNSUPPORTED, KNOWN_FAILURE, UNAVAILABLE):
        # The first line of a known failure's detail is the reason, the others say what was wrong.
        reasons = Counter(
            one.detail.partition("\n")[0] for one in backend.outcomes if one.status == status
        )
        listed = [f"{count} x {_short(reason)}" for reason, count in reasons.most_common()]
        yield from _section(status, _first(listed))
    working = [one.case for one in backend.outcomes if one.works]
    yield from _section("declared unsupported, but working", _first(working))


def _failures(
    backend: BackendRecord,
    cases: Mapping[str, CaseRecord],
    scripts: Mapping[tuple[str, str], str],
) -> Iterator[str]:
    alike = folded(one for one in backend.outcomes if one.status == FAILED)
    described = [
        [
            f"{_name(one)}: {one.first.kind}",
            f"    {cases[one.first.case].claim}",
            f"    {_short(one.first.detail)}",
            *_script(scripts.get((backend.name, one.first.case))),
        ]
        for one in alike[:MOST_FAILURES]
    ]
    more = sum(one.count for one in alike[MOST_FAILURES:])
    rest = [f"... and {more} more: see `--json`, `--html` or `--scripts`"] if more else []
    yield from _section("failures", chain(*described, rest))


def _script(path: str | None) -> list[str]:
    return [f"    script: {path}"] if path else []


def _name(alike: Alike) -> str:
    others = alike.count - 1
    return f"{alike.first.case} and {others:,} more like it" if others else alike.first.case


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, indented under their title; yield nothing if there are no lines."""
    listed = list(lines)
    if listed:
        yield ""
        yield f"  {title}:"
        yield from (f"{' ' * _INDENT}{line}".rstrip() for line in listed)


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_LISTED
    return lines[:_MOST_LISTED] + ([f"... and {more} more"] if more > 0 else [])


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONGEST_DETAIL else line[:_LONGEST_DETAIL] + " ..."


def _verdict(report: Report) -> str:
    totals: Counter[str] = Counter()
    for backend in report.backends:
        totals.update(backend.counts)
    problems = sum(len(backend.problems) for backend in report.backends)
    unusable = [f"{one.name} is {one.status}" for one in report.backends if one.detail]
    wrong = [f"{totals[FAILED]} of {totals.total()} cases failed"]
    if totals[UNAVAILABLE]:
        wrong.append(f"{totals[UNAVAILABLE]} could not be run")
    wrong += [f"{problems} problem{'s' * (problems > 1)}"] if problems else []
    wrong += unusable
    hint = (
        " A failure alone: `--backend NAME --case ID`; as a script: `--scripts FOLDER`."
        if totals[FAILED]
        else ""
    )
    return f"{', '.join(wrong)}.{hint}"
