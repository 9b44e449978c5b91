"""A report as JUnit's XML, which every service of continuous integration reads.

A suite is a backend, a test a case. A failure holds the message, what was wrong and the script. A
declared, an expected and an unavailable case are skipped, with the reason; what belongs to no case
is an error of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from convdispatch.conformance.report.records import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import FAILED, PASSED
from convdispatch.support.text import one_line

NAME = "convdispatch conformance"
# What XML 1.0 has no way to write, not even as a reference.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 300  # characters of a message


def as_xml(report: Report) -> str:
    """Return the document."""
    cases = {case.id: case for case in report.cases}
    totals = [_totals(backend) for backend in report.backends]
    whole = {
        key: sum(one[key] for one in totals) for key in ("tests", "failures", "errors", "skipped")
    }
    seconds = sum(backend.seconds for backend in report.backends)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name={_quoted(NAME)}{_attributes(whole)} time="{seconds:.3f}">',
    ]
    for backend, counts in zip(report.backends, totals, strict=True):
        lines += _suite(backend, counts, cases, report.created)
    return "\n".join([*lines, "</testsuites>", ""])


def _totals(backend: BackendRecord) -> dict[str, int]:
    counts = backend.counts
    run = sum(counts.values())
    errors = len(_errors(backend))
    return {
        "tests": run + errors,
        "failures": counts[FAILED],
        "errors": errors,
        "skipped": run - counts[PASSED] - counts[FAILED],
    }


def _errors(backend: BackendRecord) -> list[str]:
    unusable = [f"{backend.status}: {backend.detail}"] if backend.status != "available" else []
    return [*unusable, *backend.problems]


def _suite(
    backend: BackendRecord, counts: Mapping[str, int], cases: Mapping[str, CaseRecord], created: str
) -> Iterator[str]:
    stamp = created.removesuffix("Z").removesuffix("+00:00")
    yield (
        f"<testsuite name={_quoted(backend.name)}{_attributes(counts)} "
        f'time="{backend.seconds:.3f}" timestamp={_quoted(stamp)}>'
    )
    for number, problem in enumerate(_errors(backend), 1):
        yield f'<testcase classname={_quoted(backend.name)} name="problem {number}">'
        yield f"<error message={_message(problem)}>{_text(problem)}</error></testcase>"
    for outcome in backend.outcomes:
        yield from _test(backend, outcome, cases[outcome.case])
    yield "</testsuite>"


def _test(backend: BackendRecord, outcome: OutcomeRecord, case: CaseRecord) -> Iterator[str]:
    name = f"{backend.name}.{case.op}.{case.level}"
    start = (
        f'<testcase classname={_quoted(name)} name={_quoted(case.id)} time="{outcome.seconds:.6f}"'
    )
    if outcome.status == PASSED:
        yield f"{start}/>"
    elif outcome.status == FAILED:
        parts = [case.claim, outcome.detail, *([outcome.script] if outcome.script else [])]
        body = _text("\n\n".join(parts))
        yield (
            f"{start}><failure type={_quoted(outcome.kind)} message={_message(outcome.detail)}>"
            f"{body}</failure></testcase>"
        )
    else:
        reason = f"{outcome.status}: {outcome.detail}"
        yield f"{start}><skipped message={_message(reason)}/></testcase>"


def _attributes(counts: Mapping[str, int]) -> str:
    return "".join(f' {key}="{count}"' for key, count in counts.items())


def _message(text: str) -> str:
    line = one_line(text)
    return _quoted(line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ...")


def _quoted(text: str) -> str:
    return quoteattr(_possible(text))


def _text(text: str) -> str:
    return escape(_possible(text))


def _possible(text: str) -> str:
    """Return the text with each character that XML lacks as Python escapes it."""
    return _IMPOSSIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
