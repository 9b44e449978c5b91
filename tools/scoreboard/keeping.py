"""The reports that are kept in the checkout, small: one compressed file for each engine.

What is left out can be made again by a run: scripts, drawings, claims, causes, ULPs, digits.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path

from convdispatch.conformance.report.records import CaseRecord, OutcomeRecord, Report, read
from convdispatch.support.files import write_bytes_atomically
from scoreboard.engines import Engine

_SUFFIX = ".json.gz"
_LONGEST_DETAIL = 300  # characters
_FOLDERS = re.compile(r"(?<![\w.])(?:/[\w.+@-]+)+/(?=[\w.])")


def keep(report: Report, engine: Engine, folder: Path) -> Path:
    """Write the engine's report in place of its last one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{engine.name}{_SUFFIX}"
    # Without a time of its own, the same report is the same file.
    data = gzip.compress(smaller(report).to_json().encode("utf-8"), 9, mtime=0)
    write_bytes_atomically(path, data)
    return path


def kept(engine: Engine, folder: Path) -> Report | None:
    """Return the engine's last report, or None if there is none."""
    path = folder / f"{engine.name}{_SUFFIX}"
    return read(path) if path.exists() else None


def smaller(report: Report) -> Report:
    """Return the report with what the scoreboard and a comparison need."""
    backends = tuple(
        replace(
            one,
            detail=without_folders(one.detail),
            problems=tuple(map(without_folders, one.problems)),
            outcomes=tuple(map(_outcome, one.outcomes)),
            diagnosis=(),
        )
        for one in report.backends
    )
    return replace(report, cases=tuple(map(_case, report.cases)), backends=backends)


def without_folders(text: str) -> str:
    """Return the text with each file's name alone: the folders are those of one machine.

    >>> without_folders("/home/me/.tox/lib/mlx/core.py:3: 1/2 of a/b")
    'core.py:3: 1/2 of a/b'
    """
    return _FOLDERS.sub("", text)


def _case(case: CaseRecord) -> CaseRecord:
    return replace(case, claim="", drawing=None)


def _outcome(one: OutcomeRecord) -> OutcomeRecord:
    return replace(
        one,
        detail=without_folders(one.detail)[:_LONGEST_DETAIL],
        seconds=_rounded(one.seconds, 2),
        bounds=None if one.bounds is None else _rounded(one.bounds, 3),
        ulps=None,
        script="",
    )


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
