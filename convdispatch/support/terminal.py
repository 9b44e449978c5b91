"""A terminal or another stream: whether it is a terminal, its width, and a line of progress.

A stream may be missing, closed, full or gone, or be an object of a notebook. A failure to show
progress must not stop the work, so nothing here raises for any of that.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

from convdispatch.support.text import printable

_USUAL_WIDTH = 80
_NARROWEST = 20
_PAUSE = 0.1  # seconds between two updates of the line
_BROKEN = (AttributeError, OSError, UnicodeError, ValueError)  # what a stream may raise


def is_terminal(stream: Any) -> bool:
    """Return whether a person watches the stream."""
    try:
        return bool(stream.isatty())
    except _BROKEN:
        return False


def line_width(stream: Any) -> int | None:
    """Return how many characters fit on a line, or None if there is no limit.

    `COLUMNS` wins. A pipe or a file has no width, because its readers want each row on one line.
    """
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and len(given) < 10 and int(given):
        return max(int(given), _NARROWEST)
    if not is_terminal(stream):
        return None
    columns = 0
    with contextlib.suppress(*_BROKEN):
        columns = os.get_terminal_size(stream.fileno()).columns
    return max(columns, _NARROWEST) if columns else _USUAL_WIDTH


def try_to_write(stream: Any, text: str) -> bool:
    """Write text that is not essential; return whether that worked."""
    try:
        stream.write(text)
        stream.flush()
    except _BROKEN:
        return False
    return True


class ProgressLine:
    """A line on a terminal that is rewritten in place and removed at the end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._is_on = is_terminal(stream)
        self._shown = 0  # characters
        self._due = 0.0

    def show(self, text: str) -> None:
        """Write the text over the last one, unless the last one was written a moment ago."""
        now = time.monotonic()
        if self._is_on and now >= self._due:
            self._due = now + _PAUSE
            fitting = printable(text)[: (line_width(self._stream) or _USUAL_WIDTH) - 1]
            self._write(f"\r{fitting.ljust(self._shown)}")
            self._shown = len(fitting)

    def clear(self) -> None:
        """Restore the line as it was before, for the next output."""
        if self._is_on and self._shown:
            self._write(f"\r{' ' * self._shown}\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        self._is_on = try_to_write(self._stream, text)
