"""A report as one page: everything in one file, readable without a network.

The page's policy (Content-Security-Policy) allows the one style sheet and the one script that are
written into it, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from typing import TYPE_CHECKING

from convdispatch.conformance.report import diagnosis_view, view
from convdispatch.conformance.report.payload import payload
from convdispatch.conformance.report.records import (
    BackendRecord,
    OutcomeRecord,
    Report,
    ReportError,
)
from convdispatch.conformance.results import FAILED, KNOWN_FAILURE, STATUSES, UNAVAILABLE
from convdispatch.errors import install_command

if TYPE_CHECKING:
    import jinja2

_PACKAGE = "convdispatch.conformance.report"
_MOST_WITHOUT_SCRIPTING = 50  # failures that the page also lists for browsers that run no script


def render(report: Report) -> str:
    """Return the page; raise `ReportError` where the package that writes it is not installed.

    The text can be encoded as UTF-8, whatever a backend wrote into its messages.
    """
    environment = _environment()
    style, script = _file("report.css"), _file("report.js")
    page = environment.get_template("report.html").render(
        report=report,
        verdict=view.verdict(report),
        diagnoses=diagnosis_view.diagnoses(report),
        matrices=view.matrices(report),
        accuracy=view.accuracy(report),
        plots=view.plots(report),
        plots_by_op=view.plots_by_op(report),
        unsupported=view.unsupported(report),
        known=view.reasons(report, KNOWN_FAILURE),
        unavailable=view.reasons(report, UNAVAILABLE),
        failures=_first_failures(report),
        statuses=STATUSES,
        signs=view.SIGNS,
        link=view.link,
        ran=[backend for backend in report.backends if backend.outcomes],
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        payload=payload(report),
    )
    return page.encode("utf-8", "backslashreplace").decode("utf-8")


def _environment() -> jinja2.Environment:
    try:
        import jinja2
    except ImportError as exc:
        raise ReportError(
            "the HTML report needs the package 'jinja2', which is not installed. "
            f"Try `{install_command('conformance')}`, or write the report as JSON."
        ) from exc
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["slug"] = lambda status: status.replace(" ", "-")
    environment.filters["duration"] = _duration
    environment.filters["ulps"] = _ulps
    return environment


def _file(name: str) -> str:
    """Return the text of a file beside the templates."""
    path = importlib.resources.files(_PACKAGE) / "templates" / name
    return path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return what the page's policy calls a text that it allows."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _first_failures(report: Report) -> list[tuple[BackendRecord, OutcomeRecord]]:
    found = [
        (backend, outcome)
        for backend in report.backends
        for outcome in backend.outcomes
        if outcome.status == FAILED
    ]
    return found[:_MOST_WITHOUT_SCRIPTING]


def _duration(seconds: float) -> str:
    """Return a time as a person says it.

    >>> _duration(0.25), _duration(75), _duration(3720)
    ('0.2 s', '1 min 15 s', '1 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _ulps(ulps: float) -> str:
    """Return a number of three digits without an exponent.

    >>> _ulps(0.0), _ulps(0.512), _ulps(18.25), _ulps(1138.2)
    ('0', '0.51', '18.2', '1,138')
    """
    if ulps < 10:
        return f"{ulps:.2f}" if ulps else "0"
    return f"{ulps:.1f}" if ulps < 100 else f"{ulps:,.0f}"
