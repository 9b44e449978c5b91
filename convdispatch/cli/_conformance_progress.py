"""The progress of a conformance run: a line on standard error, if that is a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence

from convdispatch.conformance.results import FAILED, Outcome
from convdispatch.conformance.run.runner import Watcher
from convdispatch.support.terminal import ProgressLine


@contextlib.contextmanager
def progress(names: Sequence[str], total: int) -> Iterator[Watcher]:
    """Yield the function to call for each outcome; `total` cases run on each of these backends."""
    line = ProgressLine(sys.stderr)
    line.show(f"loading {', '.join(names)}")
    try:
        yield _Counter(line, total * len(names)).tell
    finally:
        line.clear()


class _Counter:
    """The number of cases done, and the estimated time for the rest."""

    def __init__(self, line: ProgressLine, total: int) -> None:
        self._line = line
        self._total = total
        self._done = 0
        self._failed = 0
        self._begun = 0.0  # when the first case was done: it waits for the framework to load

    def tell(self, backend: str, outcome: Outcome) -> None:
        """Count the outcome and show the progress."""
        self._done += 1
        self._failed += outcome.status == FAILED
        now, rest = time.monotonic(), ""
        if self._done == 1:
            self._begun = now
        else:
            average = (now - self._begun) / (self._done - 1)
            minutes, seconds = divmod(round(average * (self._total - self._done)), 60)
            rest = f", about {minutes}:{seconds:02} left"
        self._line.show(f"{self._done} of {self._total}, {self._failed} failed{rest} ({backend})")
