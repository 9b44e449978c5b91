"""What changed between two reports."""

from convdispatch.conformance.report.diff import (
    BackendDiff,
    Change,
    Diff,
    Growth,
    compare,
)

__all__ = [
    "BackendDiff",
    "Change",
    "Diff",
    "Growth",
    "compare",
]
