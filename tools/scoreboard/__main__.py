"""Judge engines and write docs/scoreboard.md: `python -m scoreboard [ENGINE ...]`.

Exit codes: 0 every engine that was asked for has a row, whatever it says; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence
from pathlib import Path

from convdispatch.conformance.report.records import ReportError
from convdispatch.support.files import write_atomically
from scoreboard import markdown, website
from scoreboard.counting import Row, row
from scoreboard.engines import Engine, ScoreboardError, read_engines, select
from scoreboard.environments import install
from scoreboard.faults import read_faults
from scoreboard.judging import Run, judge
from scoreboard.keeping import keep, kept

ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
_TROUBLE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Judge the engines, keep their reports and write the pages."""
    arguments = _parser().parse_args(argv)
    try:
        engines = read_engines(arguments.engines)
        wanted = () if arguments.pages_only else select(engines, arguments.engine)
        for engine in wanted:
            _judge(engine, arguments)
        write_pages(engines, arguments.docs)
    except (ScoreboardError, ReportError, OSError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return _TROUBLE
    return 0


def write_pages(engines: Sequence[Engine], docs: Path) -> None:
    """Write both pages from the kept reports; an engine without one has no row."""
    faults = read_faults(_HERE / "faults.toml", ROOT / "docs" / "found-faults.md")
    rows = _rows(engines, docs / "scoreboard")
    write_atomically(docs / "scoreboard.md", markdown.page(rows, faults))
    write_atomically(docs / "scoreboard.html", website.page(rows, faults))


def _rows(engines: Sequence[Engine], folder: Path) -> list[Row]:
    reports = ((engine, kept(engine, folder)) for engine in engines)
    return [row(engine, report) for engine, report in reports if report is not None]


def _judge(engine: Engine, arguments: argparse.Namespace) -> None:
    installer = functools.partial(
        install, root=ROOT, environments=arguments.environments, seconds=60 * arguments.minutes
    )
    print(f"{engine.title}: installing and running ...", flush=True)
    settings = Run(minutes=arguments.minutes, memory=int(arguments.memory * 2**30))
    report = judge(engine, installer, settings)
    keep(report, engine, arguments.docs / "scoreboard")
    found = row(engine, report)
    words = found.total.words() if report.cases else report.backends[0].status
    print("; ".join([f"{engine.title}: {words}", *found.notes]), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scoreboard", description=__doc__)
    add = parser.add_argument
    add("engine", nargs="*", metavar="ENGINE", help="what to judge; every engine by default")
    add("--pages-only", action="store_true", help="judge nothing, write the pages anew")
    add("--engines", type=Path, default=_HERE / "engines.toml", metavar="FILE.toml")
    add("--docs", type=Path, default=ROOT / "docs", metavar="FOLDER")
    add("--environments", type=Path, default=ROOT / ".tox" / "scoreboard-engines", metavar="FOLDER")
    add("--minutes", type=float, default=60.0, help="for the installation and for the run of each")
    add("--memory", type=float, default=8.0, metavar="GIB", help="for each process; 0 for any")
    return parser


if __name__ == "__main__":
    sys.exit(main())
