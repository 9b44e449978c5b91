"""`convdispatch backends`: the registered backends, and how to make the others usable.

Imports plugins but no framework; `doctor` finds out whether a framework works.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

from convdispatch.cli._output import one_line, show, table, warn
from convdispatch.errors import BackendBroken, BackendNotFound, ConfigError
from convdispatch.ops import BackendInfo
from convdispatch.runtime import selection
from convdispatch.runtime.completion import as_reported
from convdispatch.runtime.registry import AVAILABLE, UNAVAILABLE, UNUSABLE, Entry, registry
from convdispatch.support.foreign import said
from convdispatch.support.versions import version_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRow:
    """One registered backend; the field names are the keys of the JSON output."""

    name: str
    status: str
    version: str | None
    distribution: str
    install: str | None
    error: str | None
    note: str | None  # whether NumPy's functions replace its own


def run(arguments: argparse.Namespace) -> int:
    """Print every registered backend and which one is current."""
    rows = backend_rows()
    current, problem = _current()
    listed = [asdict(row) for row in rows]
    cells = [
        (
            "*" if row.name == current else "",
            row.name,
            row.status,
            row.version or "-",
            row.distribution,
            _remedy(row),
        )
        for row in rows
    ]
    show(
        arguments,
        {"current": current, "problem": problem, "backends": listed},
        table(("", "backend", "status", "version", "from", ""), cells, keys=2),
    )
    if problem and not arguments.json:
        warn(problem)
    return 0


def backend_rows() -> list[BackendRow]:
    """Return a row for each registered backend: the available first, the broken last."""
    order = (AVAILABLE, UNAVAILABLE, *UNUSABLE)
    rows = [_row(entry) for entry in registry.entries().values()]
    return sorted(rows, key=lambda row: (order.index(row.status), row.name != "numpy", row.name))


def _row(entry: Entry) -> BackendRow:
    info, error = entry.info, entry.error
    problem = registry.problem(entry.name)
    if error is None and isinstance(problem, BackendBroken):
        error = problem
    return BackendRow(
        name=entry.name,
        status=registry.status(entry.name),
        version=version_of(info.framework) if info else None,
        distribution=entry.distribution,
        install=info.install if info else None,
        error=said(error) if error else None,
        note=_note(info) if info else None,
    )


def _note(info: BackendInfo) -> str | None:
    reason = as_reported(info.capabilities.unsupported).get("functions")
    return None if reason is None else f"functions: {reason}"


def _current() -> tuple[str | None, str | None]:
    """Return the current backend's name, None if there is none, and why the choice does not work.

    A user whose keras.json names an unknown backend needs this list most.
    """
    try:
        name = selection.backend()
    except (BackendNotFound, ConfigError) as exc:
        return None, one_line(str(exc))
    problem = registry.problem(name)
    return name, None if problem is None else one_line(f"the current backend: {problem}")


def _remedy(row: BackendRow) -> str:
    if row.status == UNAVAILABLE:
        return row.install or ""
    return row.error or row.note or ""
