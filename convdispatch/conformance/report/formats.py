"""The forms in which a report is written: for programs, for people and for continuous integration.

Each is a text made of a report alone. Of each, `report_files` recognises what this package wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from convdispatch.conformance.report import badge, junit, summary
from convdispatch.conformance.report.html import render
from convdispatch.conformance.report.records import Report

# By the name of the option that asks for it.
FORMATS: Mapping[str, Callable[[Report], str]] = {
    "json": Report.to_json,
    "html": render,
    "junit": junit.as_xml,
    "summary": summary.as_markdown,
    "badge": badge.as_json,
}
NEEDS_JINJA2 = "html"
