"""A report for continuous integration: JUnit's XML, a summary in Markdown, a badge."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from convdispatch.conformance.report import badge, junit, summary
from convdispatch.conformance.report.records import (
    BackendRecord,
    CaseRecord,
    OutcomeRecord,
    Report,
)
from convdispatch.conformance.results import INTERRUPTED, stopped_after

pytestmark = pytest.mark.same_everywhere

PASSED = OutcomeRecord(case="conv1d/core/a", status="passed", seconds=0.25)
FAILED = OutcomeRecord(
    case="conv1d/core/b",
    status="failed",
    kind="mismatch",
    detail="y[0] is <3>\x00, expected 4",
    script="print('&')",
)
DECLARED = OutcomeRecord(case="conv1d/edge/c", status="unsupported", detail="pads: no such kernel")
KNOWN = OutcomeRecord(case="conv1d/edge/d", status="known failure", detail="bug 12\nit raised")


def report(*outcomes: OutcomeRecord, **fields: object) -> Report:
    """Return the report of a backend with these outcomes."""
    cases = tuple(
        CaseRecord(
            id=one.case,
            level=one.case.split("/")[1],
            op="conv1d",
            claim="It is right.",
            features=(),
            since="1.0",
        )
        for one in outcomes
    )
    record = BackendRecord(
        name="mine", status="available", framework="engine", version="1.2", outcomes=outcomes
    )
    return Report(
        levels=("full",),
        seed=0,
        created="2026-01-01T00:00:00+00:00",
        environment={"python": "3.12.1"},
        versions={},
        cases=cases,
        backends=(replace(record, **fields),),  # type: ignore[arg-type]  # of the test's own
    )


WHOLE = report(PASSED, FAILED, DECLARED, KNOWN, problems=("a [stale] `entry`",), seconds=1.5)


def test_junit_has_a_test_for_each_case() -> None:
    """With what failed, why others were skipped, and what belongs to no case."""
    root = ElementTree.fromstring(junit.as_xml(WHOLE))
    counts = {"tests": "5", "failures": "1", "errors": "1", "skipped": "2", "time": "1.500"}
    assert root.attrib == {"name": "convdispatch conformance", **counts}
    (suite,) = root
    assert suite.attrib == {"name": "mine", **counts, "timestamp": "2026-01-01T00:00:00"}
    problem, passed, failed, declared, known = suite
    assert [one.tag for one in problem] == ["error"]
    assert problem[0].text == "a [stale] `entry`"
    assert passed.attrib == {
        "classname": "mine.conv1d.core",
        "name": "conv1d/core/a",
        "time": "0.250000",
    }
    assert [len(passed), len(failed), len(declared), len(known)] == [0, 1, 1, 1]
    assert failed[0].attrib == {"type": "mismatch", "message": "y[0] is <3>\\x00, expected 4"}
    assert failed[0].text == "It is right.\n\ny[0] is <3>\\x00, expected 4\n\nprint('&')"
    assert declared[0].attrib == {"message": "unsupported: pads: no such kernel"}
    assert known[0].attrib == {"message": "known failure: bug 12 it raised"}


def test_junit_says_that_a_backend_did_not_run() -> None:
    """A suite without tests would look like a success."""
    root = ElementTree.fromstring(junit.as_xml(report(status="broken", detail="no <lib>")))
    assert [one.get("message") for one in root.iter("error")] == ["broken: no <lib>"]
    assert root.get("errors") == "1"


BADGES = {
    "passed": (report(PASSED), "1 passed", "brightgreen"),
    "declared": (report(PASSED, DECLARED), "1 passed, 1 unsupported", "brightgreen"),
    "known": (report(PASSED, KNOWN), "1 passed, 1 known failures", "yellow"),
    "failed": (report(PASSED, FAILED), "1 of 2 failed", "red"),
    "problem": (report(PASSED, problems=("it printed",)), "problems", "red"),
    "interrupted": (
        report(PASSED, problems=(INTERRUPTED,)),
        "incomplete: 1 cases run",
        "lightgrey",
    ),
    "stopped": (
        report(FAILED, problems=(stopped_after(1),)),
        "incomplete: 1 cases run",
        "lightgrey",
    ),
    "nothing": (report(), "not run", "lightgrey"),
    "broken": (report(status="broken", detail="no library"), "not run", "lightgrey"),
}


@pytest.mark.parametrize(("made", "message", "color"), BADGES.values(), ids=BADGES)
def test_a_badge_says_how_it_went(made: Report, message: str, color: str) -> None:
    """In the schema of shields.io's endpoint; what did not run to the end is never green."""
    assert json.loads(badge.as_json(made)) == {
        "schemaVersion": 1,
        "label": "conformance",
        "message": message,
        "color": color,
    }


def test_a_summary_counts_and_lists() -> None:
    """By level; text of a backend is no markup."""
    assert summary.as_markdown(WHOLE).split("\n") == [
        "<!-- convdispatch conformance -->",
        "## Conformance: 1 of 4 cases failed, 1 problem",
        "",
        "Specification 1.0, level full, seed 0, 2026-01-01T00:00:00+00:00.",
        "",
        "### mine (engine 1.2)",
        "",
        "| level | passed | failed | unsupported | known failure |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| core | 1 | 1 | 0 | 0 |",
        "| edge | 0 | 0 | 1 | 1 |",
        "| all | 1 | 1 | 1 | 1 |",
        "",
        "**Problems**",
        "",
        r"- a \[stale\] \`entry\`",
        "",
        "**Failures**",
        "",
        r"- `conv1d/core/b`: mismatch. y\[0\] is \<3\>\\x00, expected 4",
        "",
    ]


def test_a_summary_of_many_failures_is_short() -> None:
    """A job's summary may have a megabyte; the report has the rest."""
    many = [replace(FAILED, case=f"conv1d/core/{number}") for number in range(1000)]
    text = summary.as_markdown(report(*many))
    assert "- ... and 980 more" in text
    assert len(text) < 4000
