"""Pages of reports, one of them full of text that tries to be markup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import conformance_reports as reports
import pytest

from convdispatch.conformance import results
from convdispatch.conformance.report import BackendRecord, CaseRecord, OutcomeRecord, Report
from convdispatch.conformance.report.html import render

EVIL = "</script><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7 * 7 }}\"' \ud800"


def page_of(report: Report) -> str:
    """Return the report's page, where the package that writes it is installed."""
    pytest.importorskip("jinja2", reason="the page is written with jinja2")
    return render(report)


def case(name: str, **fields: Any) -> CaseRecord:
    """Return a case of conv1d at level core, if nothing else is said."""
    said = {"level": "core", "op": "conv1d", "claim": "c", "features": (), "since": "1.0"}
    return CaseRecord(id=name, **{**said, "dtype": "float32", **fields})


def evil_report(evil: str = EVIL) -> Report:
    """Return a report in which every text is this one, which tries to be markup."""
    outcome = OutcomeRecord(
        case=evil, status=results.FAILED, kind=evil, detail=evil, script=evil, bounds=2.0, ulps=1.0
    )
    skipped = OutcomeRecord(case="b", status=results.UNSUPPORTED, detail=f"{evil}: {evil}")
    cases = [case(evil, op=evil, claim=evil, features=(evil,), since=evil), case("b", level="edge")]
    backend = BackendRecord(
        name=evil,
        status="available",
        detail=evil,
        distribution=evil,
        framework=evil,
        version=evil,
        unsupported={evil: evil},
        accuracy={evil: {"factor": evil, "reason": evil}},
        problems=(evil,),
        outcomes=(outcome, skipped),
    )
    broken = BackendRecord(name=f"b{evil}", status="broken", detail=evil)
    report = reports.report_of(cases, backend, broken)
    return replace(
        report,
        levels=(evil,),
        created=evil,
        environment={evil: evil},
        versions={evil: evil},
        specification=evil,
    )
