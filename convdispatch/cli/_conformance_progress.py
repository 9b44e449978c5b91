"""How far a conformance run has got, on stderr and on a terminal only."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.conformance.results import FAILED, Outcome
from convdispatch.conformance.runner import Watcher


@contextlib.contextmanager
def progress(names: Sequence[str], total: int) -> Iterator[Watcher]:
    """Give what is to be told of each outcome: a bar a backend, by rich where it is installed."""
    if not sys.stderr.isatty():
        yield _ignore
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining
    except ImportError:
        yield _Counter(total * len(names)).tell
        sys.stderr.write("\n")
        return
    failed = TextColumn("[red]{task.fields[failed]}")
    name, count = TextColumn("{task.description}"), MofNCompleteColumn()
    with Progress(
        name, BarColumn(), count, Remaining(), failed, console=Console(stderr=True)
    ) as bar:
        yield _Bars(bar, names, total).tell


class _Bars:
    """rich's bars, one a backend."""

    def __init__(self, bar: Any, names: Sequence[str], total: int) -> None:
        self._bar = bar
        self._tasks = {name: bar.add_task(name, total=total, failed="") for name in names}
        self._failures = dict.fromkeys(names, 0)

    def tell(self, backend: str, outcome: Outcome) -> None:
        """Move the backend's bar."""
        self._failures[backend] += outcome.status == FAILED
        failures = self._failures[backend]
        text = f"{failures} failed" if failures else ""
        self._bar.update(self._tasks[backend], advance=1, failed=text)


class _Counter:
    """One line, rewritten."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._failed = 0

    def tell(self, backend: str, outcome: Outcome) -> None:
        """Rewrite the line."""
        self._done += 1
        self._failed += outcome.status == FAILED
        sys.stderr.write(f"\r{self._done}/{self._total}, {self._failed} failed")
        sys.stderr.flush()


def _ignore(backend: str, outcome: Outcome) -> None:
    """Show nothing: who reads a file wants no moving bars in it."""
