"""The diagnoses of a report, as its page lays them out."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.conformance.diagnosis.findings import Cause, MinimalCase
from convdispatch.conformance.report.diagnosis_text import counts, instead
from convdispatch.conformance.report.drawing import draw
from convdispatch.conformance.report.records import Report


@dataclass(frozen=True, slots=True)
class ShownCause:
    """A cause in words; `drawn` is the smallest case's geometry as SVG, or nothing."""

    what: str
    counts: str
    instead: tuple[str, ...]
    minimal: MinimalCase | None
    drawn: str
    cases: tuple[str, ...]


def diagnoses(report: Report) -> list[tuple[str, list[ShownCause]]]:
    """Return the causes of each backend that has failures."""
    return [
        (backend.name, [_shown(cause) for cause in backend.diagnosis])
        for backend in report.backends
        if backend.diagnosis
    ]


def _shown(cause: Cause) -> ShownCause:
    drawing = cause.minimal.drawing if cause.minimal else None
    return ShownCause(
        what=cause.what,
        counts=counts(cause),
        instead=tuple(map(instead, cause.hypotheses)),
        minimal=cause.minimal,
        drawn=draw(drawing) if drawing else "",
        cases=cause.cases,
    )
