"""A whole run as data, and what is made of it: JSON, a page, scripts, a comparison, a matrix."""

from convdispatch.conformance.report.records import (
    LARGEST,
    VERSION,
    BackendRecord,
    CaseRecord,
    Drawing,
    OutcomeRecord,
    Report,
    ReportError,
    describe,
    from_json,
    read,
)

__all__ = [
    "LARGEST",
    "VERSION",
    "BackendRecord",
    "CaseRecord",
    "Drawing",
    "OutcomeRecord",
    "Report",
    "ReportError",
    "describe",
    "from_json",
    "read",
]
