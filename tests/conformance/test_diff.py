"""The changes between two reports, and those that must fail a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import conformance_reports as reports
import pytest

from convdispatch.conformance.diff import Growth, compare
from convdispatch.conformance.report import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.results import (
    ERROR,
    FAILED,
    KNOWN_FAILURE,
    PASSED,
    UNAVAILABLE,
    UNSUPPORTED,
)

LEVEL_OF = {"a": "core", "b": "core", "g": "grad"}


def backend(statuses: Mapping[str, str], **fields: Any) -> BackendRecord:
    """Return a backend whose cases have these statuses."""
    said = {"name": "one", "status": "available", "framework": "frame", "version": "1.0"}
    outcomes = tuple(
        OutcomeRecord(
            case=case,
            status=status,
            kind=ERROR if status in (FAILED, KNOWN_FAILURE) else "",
            detail="" if status == PASSED else f"because of {case}\nand more",
        )
        for case, status in statuses.items()
    )
    return BackendRecord(**{**said, "outcomes": outcomes, **fields})


def report(*backends: BackendRecord, cases: str | None = None, **fields: Any) -> Report:
    """Return a report of these backends, and of the cases that they ran if not told others."""
    run = dict.fromkeys(outcome.case for one in backends for outcome in one.outcomes)
    records = [
        CaseRecord(
            id=case, level=LEVEL_OF[case], op="conv1d", claim="c", features=(), since="1.0",
            dtype="float32",
        )
        for case in (run if cases is None else cases)
    ]  # fmt: skip
    return replace(reports.report_of(records, *backends), **fields)


CHANGES = {
    # The old status, the new one (None: the case is not there), what it is called, a regression.
    "breaks": (PASSED, FAILED, "newly failing", True),
    "is-declared": (PASSED, UNSUPPORTED, "passed, now unsupported", True),
    "is-expected": (PASSED, KNOWN_FAILURE, "passed, now known failure", True),
    "lacks-a-package": (PASSED, UNAVAILABLE, "passed, now unavailable", True),
    "vanishes": (PASSED, None, "passed, now gone", True),
    "claims-too-much": (UNSUPPORTED, FAILED, "newly failing", True),
    "worse-than-known": (KNOWN_FAILURE, FAILED, "newly failing", True),
    "is-installed-and-wrong": (UNAVAILABLE, FAILED, "newly failing", True),
    "is-fixed": (FAILED, PASSED, "fixed", False),
    "known-is-fixed": (KNOWN_FAILURE, PASSED, "fixed", False),
    "is-supported": (UNSUPPORTED, PASSED, "unsupported, now passed", False),
    "becomes-known": (FAILED, KNOWN_FAILURE, "failed, now known failure", False),
    "failed-and-vanished": (FAILED, None, "removed", False),
    "is-new-and-wrong": (None, FAILED, "new and failing", False),
    "is-new": (None, PASSED, "new, passed", False),
}


@pytest.mark.parametrize(("old", "new", "heading", "is_regression"), CHANGES.values(), ids=CHANGES)
def test_a_change_has_a_name_and_a_verdict(old, new, heading, is_regression):
    """Of the case 'b'; the case 'a' is as it was, and not mentioned."""
    was, is_now = (
        report(backend({"a": PASSED, **({"b": status} if status else {})})) for status in (old, new)
    )
    diff = compare(was, is_now)
    ((change,),) = (one.changes for one in diff.backends)
    assert (change.case, change.heading) == ("b", heading)
    assert change.is_regression is is_regression
    assert diff.has_regressions is is_regression
    assert f"  {heading}: 1\n    b" in diff.text()
    assert diff.text().endswith("1 regression." if is_regression else "No regressions.")


@pytest.mark.parametrize("status", [PASSED, FAILED, UNSUPPORTED, KNOWN_FAILURE, UNAVAILABLE])
def test_what_stays_is_no_change(status):
    """An earlier failure is not a regression; the run itself reports it."""
    same = report(backend({"a": status}))
    diff = compare(same, same)
    assert diff.text() == "one: nothing changed\n\nNo regressions."
    assert not diff.has_regressions


def test_the_first_line_of_what_is_wrong_is_told():
    """Of each case, as far as there is room."""
    diff = compare(report(backend({"a": PASSED})), report(backend({"a": FAILED})))
    assert "    a: because of a\n" in diff.text()
    assert "and more" not in diff.text()


def test_many_changes_are_counted_and_cut():
    """Twenty of a kind are listed; the heading has the count of all."""
    large = reports.large_report(backends=1, cases=100, failing=0)
    broken = reports.large_report(backends=1, cases=100, failing=30)
    lines = compare(large, broken).text().splitlines()
    assert "  newly failing: 30" in lines
    assert "    ... and 10 more" in lines
    assert sum(line.startswith("    ") for line in lines) == 21


def test_a_case_that_was_not_to_be_run_is_not_missed():
    """A run of fewer levels has fewer cases, which is not a regression."""
    old = report(backend({"a": PASSED, "g": PASSED}))
    new = report(backend({"a": PASSED}), levels=("core",))
    assert not compare(old, new).has_regressions
    assert "levels: core, was full" in compare(old, new).text()


def test_a_case_of_a_level_that_was_run_is_missed():
    """Wherever it went."""
    old = report(backend({"a": PASSED, "g": PASSED}))
    new = report(backend({"a": PASSED}), levels=("core", "grad"))
    assert compare(old, new).has_regressions


def test_another_seed_draws_other_cases():
    """One that is not in the new list is not missed; one that is listed and has no outcome is."""
    old = report(backend({"a": PASSED, "b": PASSED}))
    new = report(backend({"a": PASSED}), seed=7)
    assert not compare(old, new).has_regressions
    listed = report(backend({"a": PASSED}), cases="ab", seed=7)
    assert compare(old, listed).has_regressions


GONE = {
    "not-there": (report(), "  the new report does not have it"),
    "not-available": (
        report(backend({}, status="unavailable", detail="Try `pip install frame`.")),
        "  it is unavailable, was available. Try `pip install frame`.",
    ),
    "lost": (report(backend({})), "  it ran before, and now it did not"),
}


@pytest.mark.parametrize(("new", "line"), GONE.values(), ids=GONE)
def test_a_backend_that_no_longer_runs_is_a_regression(new, line):
    """One, and not one for each of its cases."""
    diff = compare(report(backend({"a": PASSED, "b": PASSED})), new)
    assert line in diff.text().splitlines()
    assert "one: 1 regression" in diff.text().splitlines()
    assert diff.has_regressions


def test_a_backend_that_never_ran_is_not_missed():
    """It was not there before either."""
    old = report(backend({}, status="unavailable"))
    assert not compare(old, report()).has_regressions


def test_a_new_backend_is_no_regression():
    """However it fares."""
    diff = compare(report(), report(backend({"a": FAILED})))
    assert diff.text() == (
        "one: no regression\n  the old report does not have it\n\nNo regressions."
    )


def test_a_new_problem_outside_the_cases_is_a_regression():
    """One that was there before is not."""
    old = report(backend({"a": PASSED}, problems=("old",)))
    new = report(backend({"a": PASSED}, problems=("old", "a stale entry")))
    assert compare(old, new).text().startswith("one: 1 regression\n  a stale entry\n")
    assert not compare(new, old).has_regressions


def test_versions_and_settings_that_differ_are_told():
    """Those of the frameworks with their backend, all others first; none is a regression."""
    old = report(backend({"a": PASSED}))
    new = report(
        backend({"a": PASSED}, version="2.0", unsupported={"compile": "no compiler"}),
        seed=3,
        environment={**old.environment, "python": "3.13.0"},
        versions={"convdispatch": "0.1.0", "numpy": None, "onnx": "1.20"},
    )
    assert compare(old, new).text().splitlines() == [
        "seed: 3, was 0",
        "python: 3.13.0, was 3.12.1",
        "numpy: none, was 2.4.6",
        "onnx: 1.20, was none",
        "",
        "one: no regression",
        "  frame: 2.0, was 1.0",
        "  newly declared unsupported: compile",
        "",
        "No regressions.",
    ]


def measured(bounds: Mapping[str, float | None]) -> Report:
    """Return a report of cases that passed with these errors."""
    record = backend(dict.fromkeys(bounds, PASSED))
    outcomes = [replace(one, bounds=bounds[one.case], ulps=1.0) for one in record.outcomes]
    return report(replace(record, outcomes=tuple(outcomes)))


GROWTHS = {
    "more-than-twice": ({"a": 0.1}, {"a": 0.3}, True),
    "from-exact": ({"a": 0.0}, {"a": 0.01}, True),
    "twice": ({"a": 0.25}, {"a": 0.5}, False),
    "smaller": ({"a": 0.5}, {"a": 0.1}, False),
    "of-another-case-that-was-as-bad": ({"a": 0.1, "b": 0.5}, {"a": 0.5, "b": 0.5}, False),
    "of-a-new-case": ({"a": 0.1}, {"a": 0.1, "b": 0.9}, False),
    "of-a-case-that-is-gone": ({"a": 0.1, "g": 0.5}, {"a": 0.3}, True),
    "not-measured-before": ({"a": None}, {"a": 0.9}, False),
}


@pytest.mark.parametrize(("old", "new", "has_grown"), GROWTHS.values(), ids=GROWTHS)
def test_a_worst_error_that_more_than_doubled_is_told(old, new, has_grown):
    """Over the cases that both runs measured; it is within the bound, hence no regression."""
    diff = compare(measured(old), measured({**new}))
    (one,) = diff.backends
    expected = Growth(op="conv1d", dtype="float32", old=old["a"] or 0.0, new=new["a"])
    assert list(one.grown) == ([expected] if has_grown else [])
    assert [change for change in one.changes if change.case == "a"] == []


def test_the_text_of_a_growth():
    """It names the op, the element type and both errors."""
    text = compare(measured({"a": 0.1}), measured({"a": 0.314})).text()
    assert "  the worst error of conv1d in float32 grew from 0.1 to 0.31 of the bound" in text


def test_real_reports_can_be_compared():
    """A sound backend that is replaced by a crooked one: every planted fault is a regression."""
    old = reports.sound_report()
    crooked = replace(reports.mixed_report().backends[1], name="numpy")
    diff = compare(old, replace(old, backends=(crooked,)))
    (one,) = diff.backends
    # All that does not pass passed before; one more problem is outside the cases.
    passed = reports.tally(reports.mixed_report(), "crooked", status=PASSED)
    assert one.regressions == len(reports.some_cases()) - passed + 1
    assert not compare(replace(old, backends=(crooked,)), old).has_regressions
