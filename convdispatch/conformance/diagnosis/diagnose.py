"""The diagnosis of one backend's run: which properties separate its failures from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.findings import Cause
from convdispatch.conformance.report.records import BackendRecord
from convdispatch.conformance.results import FAILED, PASSED


def diagnosed(record: BackendRecord, cases: Sequence[Case]) -> BackendRecord:
    """Return the record with the causes of its failures; `cases` are those that were run."""
    failing = [one.case for one in record.outcomes if one.status == FAILED]
    if not failing:
        return record
    passing = sum(one.status == PASSED for one in record.outcomes)
    other = Cause(
        what="other",
        failing=len(failing),
        all_failing=len(failing),
        passing=passing,
        all_passing=passing,
        cases=tuple(failing),
    )
    return replace(record, diagnosis=(other,))
