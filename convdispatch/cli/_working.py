"""A line on the terminal that says what a command is doing, for how long, and how far it is."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from convdispatch.support.terminal import ProgressLine, is_terminal

_PATIENCE = 1.0  # seconds before the line appears: shorter work is over before it can be read
_PAUSE = 0.2


class Working:
    """Shows the line from a thread of its own, since the work does not return meanwhile."""

    def __init__(self) -> None:
        self._line = ProgressLine(sys.stderr)
        self._what = ""
        self._folder: Path | None = None
        self._begun = time.monotonic()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def on(self, what: str, *, folder: Path | None = None) -> None:
        """Say what is being done now; the files in `folder` show how far it is."""
        self._what, self._folder = what, folder

    def __enter__(self) -> Self:
        if is_terminal(sys.stderr):
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._line.clear()

    def _show(self) -> None:
        while not self._ended.wait(_PAUSE):
            seconds = time.monotonic() - self._begun
            if seconds >= _PATIENCE:
                self._line.show(f"{self._what}{_written(self._folder)} ({seconds:.0f} s)")


def _written(folder: Path | None) -> str:
    """Return how many bytes the files of a folder have, in words, '' for none."""
    count = 0
    if folder is not None:
        with contextlib.suppress(OSError):
            count = sum(one.stat().st_size for one in folder.iterdir())
    return f": {count / 2**20:.0f} MB" if count else ""
