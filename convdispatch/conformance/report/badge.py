"""A report as a badge: the JSON that the service shields.io reads from an address."""

from __future__ import annotations

import json
from collections import Counter

from convdispatch.conformance.report.records import Report
from convdispatch.conformance.results import FAILED, KNOWN_FAILURE, PASSED, UNSUPPORTED, is_partial

LABEL = "conformance"


def as_json(report: Report) -> str:
    """Return the badge: what it says, and its colour.

    The schema is https://shields.io/badges/endpoint-badge.
    """
    message, color = _verdict(report)
    values = {"schemaVersion": 1, "label": LABEL, "message": message, "color": color}
    return json.dumps(values) + "\n"


def _verdict(report: Report) -> tuple[str, str]:
    counts: Counter[str] = Counter()
    for backend in report.backends:
        counts.update(backend.counts)
    problems = [problem for backend in report.backends for problem in backend.problems]
    if any(one.status != "available" for one in report.backends) or not counts.total():
        return "not run", "lightgrey"
    if is_partial(problems):
        return f"incomplete: {counts.total()} cases run", "lightgrey"
    declined = f", {counts[UNSUPPORTED]} unsupported" if counts[UNSUPPORTED] else ""
    if counts[FAILED] or problems:
        what = f"{counts[FAILED]} of {counts.total()} failed" if counts[FAILED] else "problems"
        return what + declined, "red"
    known = f", {counts[KNOWN_FAILURE]} known failures" if counts[KNOWN_FAILURE] else ""
    return f"{counts[PASSED]} passed{known}{declined}", "yellow" if known else "brightgreen"
