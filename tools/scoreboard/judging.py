"""Judge one engine: install it, run the suite on it, and return a report in any case."""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from convdispatch.conformance.report.records import BackendRecord, Report, ReportError, read
from scoreboard.engines import Engine
from scoreboard.environments import Installed, NotInstalledError, clean_environ
from scoreboard.watching import Ended, Limits, in_gib, run

Installer: TypeAlias = Callable[[Engine], Installed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How the suite is run on each engine."""

    selection: tuple[str, ...] = ("--level", "full")
    minutes: float = 60.0
    memory: int = 0  # bytes of one process; 0 for any


def judge(engine: Engine, installer: Installer, settings: Run) -> Report:
    """Return the engine's report; where it could not be run, a report without cases says why."""
    try:
        installed = installer(engine)
    except NotInstalledError as exc:
        return _absent(engine, "unavailable", f"it cannot be installed: {exc}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        ended = _run(engine, installed, settings, path)
        try:
            report = read(path)
        except ReportError:
            return _absent(engine, "broken", _why_nothing(ended, settings))
    versions = {**report.versions, **installed.versions}
    record = replace(report.backends[0], problems=_problems(report.backends[0], ended, settings))
    return replace(report, versions=versions, backends=(record,))


def _run(engine: Engine, installed: Installed, settings: Run, path: Path) -> Ended:
    command: list[str | Path] = [installed.python, "-P", "-m", "convdispatch", "conformance"]
    command += ["--backend", engine.backend, *settings.selection, "--json", path]
    environ = {
        **clean_environ(),
        "KERAS_HOME": str(path.parent),  # so that nobody's configuration counts, or is written
        **installed.environ,
        **engine.environment,
    }
    limits = Limits(seconds=60 * settings.minutes, memory=settings.memory)
    return run(command, environ, limits, path.parent)


def _problems(record: BackendRecord, ended: Ended, settings: Run) -> tuple[str, ...]:
    found = list(record.problems)
    if ended.is_late:
        found.append(f"it was stopped after {settings.minutes:g} minutes")
    if ended.eaters:
        found.append(
            f"{ended.eaters} of its processes took more than {in_gib(settings.memory)} of memory "
            "and were ended"
        )
    return tuple(found)


def _why_nothing(ended: Ended, settings: Run) -> str:
    if ended.is_late:
        return f"it wrote no report within {settings.minutes:g} minutes"
    words = " ".join(ended.output.split())[-300:]
    return f"it ended with status {ended.code} and wrote no report: {words or 'it said nothing'}"


def _absent(engine: Engine, status: str, detail: str) -> Report:
    record = BackendRecord(name=engine.backend, status=status, detail=detail)
    return Report(
        levels=("full",),
        seed=0,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        environment={
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpus": str(os.cpu_count() or 1),
        },
        versions={},
        cases=(),
        backends=(record,),
    )
