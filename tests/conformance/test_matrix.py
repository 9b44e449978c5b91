"""The support matrix says what a report says, and nothing that changes from run to run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convdispatch.conformance.report import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.report.matrix import as_markdown

CASES = tuple(
    CaseRecord(id=f"{op}/core/{name}", level="core", op=op, claim="", features=(), since="1.0")
    for op, name in (("conv2d", "plain"), ("conv2d", "grouped"), ("pad1d", "crop"))
)
WHOLE = BackendRecord(
    name="whole",
    status="available",
    framework="framework",
    version="1.2",
    seconds=3.0,
    outcomes=tuple(OutcomeRecord(case=case.id, status="passed") for case in CASES),
)
PARTIAL = replace(
    WHOLE,
    name="partial",
    unsupported={"pad1d": "no padding yet"},
    accuracy={"conv2d": {"factor": 40.0, "reason": "Winograd"}},
    problems=("known_failures.toml: 'x*' matches no case",),
    outcomes=(
        OutcomeRecord(case=CASES[0].id, status="passed"),
        OutcomeRecord(case=CASES[1].id, status="known failure", detail="wrong in 1.2"),
        OutcomeRecord(
            case=CASES[2].id, status="unsupported", detail="pad1d: no padding yet", works=True
        ),
    ),
)
ABSENT = BackendRecord(name="absent", status="unavailable", detail="pip install absent")
REPORT = Report(
    levels=("full",),
    seed=0,
    created="2026-01-01T00:00:00Z",
    environment={"python": "3.11"},
    versions={},
    cases=CASES,
    backends=(WHOLE, PARTIAL, ABSENT),
)


@pytest.mark.parametrize(
    "line",
    [
        "| op | whole | partial |",
        "| conv2d | 2 | 1 of 2 (1 known failure) |",
        "| pad1d | 1 | 0 of 1 (1 unsupported) |",
        "| whole | framework | 1.2 | 3 passed |",
        "| partial | framework | 1.2 | 1 passed, 1 unsupported, 1 known failure |",
        "| absent |  | - | unavailable: pip install absent |",
        "Everything is supported, and nothing is known to fail.",
        "- declares pad1d unsupported: no padding yet",
        "- declares errors of 40.0 bounds for conv2d: Winograd",
        "- known failure, 1 case: wrong in 1.2",
        "- unsupported, 1 case: pad1d: no padding yet",
        "- declared unsupported, but works: pad1d: no padding yet",
        "- problem: known_failures.toml: 'x*' matches no case",
    ],
)
def test_every_count_and_reason_is_a_line(line: str) -> None:
    """The page shows the contents of the report in these words."""
    assert line in as_markdown(REPORT).splitlines()


def test_a_reason_that_one_case_needs_is_needed() -> None:
    """Which of the others work differs from processor to processor, and the page must not."""
    refused = OutcomeRecord(case=CASES[1].id, status="unsupported", detail="pad1d: no padding yet")
    needed = replace(PARTIAL, outcomes=(refused, PARTIAL.outcomes[2]))
    assert "but works" not in as_markdown(replace(REPORT, backends=(needed,)))


def test_times_and_dates_are_left_out() -> None:
    """Two runs with the same outcomes give the same page."""
    later = replace(
        REPORT,
        created="2027-01-01T00:00:00Z",
        environment={"python": "3.11", "platform": "another"},
        backends=(replace(WHOLE, seconds=99.0, version="1.2+cpu"), *REPORT.backends[1:]),
    )
    assert as_markdown(later) == as_markdown(REPORT)
