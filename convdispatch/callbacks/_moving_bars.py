"""The bar that moves on a terminal while an epoch runs: a Keras's, or one that rich draws.

Both are one line that is rewritten in place and removed at the end. There is no thread and no
hidden cursor, so a program that is interrupted leaves the terminal as it was.
"""

from __future__ import annotations

import io
from typing import Any, Protocol

from convdispatch.support.terminal import ProgressLine, line_width, try_to_write

WIDTH = 30  # of the bar
_USUAL_WIDTH = 80
_TO_THE_END = "\x1b[K"  # removes the rest of the line


class MovingBar(Protocol):
    """A bar with text after it."""

    def show(self, done: int, target: int | None, text: str) -> None:
        """Draw the bar at so many of the target's samples or steps, with the text after it."""

    def clear(self) -> None:
        """Restore the line as it was before."""


class KerasBar:
    """The bar of every Keras: [=====>....]."""

    def __init__(self, stream: Any) -> None:
        self._line = ProgressLine(stream)

    def show(self, done: int, target: int | None, text: str) -> None:
        """Draw the bar."""
        self._line.show(f"{drawn_bar(done, target)}{text}")

    def clear(self) -> None:
        """Restore the line as it was before."""
        self._line.clear()


class _Paper(io.TextIOWrapper):
    """Text in memory that is meant for a stream of that encoding."""

    def __init__(self, encoding: str) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding=encoding, errors="replace", newline="")

    def taken(self) -> str:
        """Return what was written since the last time."""
        self.flush()
        text = self._bytes.getvalue().decode(self.encoding)
        self.seek(0)
        self.truncate()
        return text


class RichBar:
    """A bar in colours, as far as the terminal has some: rich knows that."""

    def __init__(self, stream: Any, rich: Any) -> None:
        self._stream, self._rich = stream, rich
        width = (line_width(stream) or _USUAL_WIDTH) - 1
        # Not on the stream itself: rich ends the program where a terminal is gone.
        self._paper = _Paper(getattr(stream, "encoding", None) or "utf-8")
        self._console = rich.console.Console(
            file=self._paper, width=width, force_terminal=True, legacy_windows=False
        )
        self._is_on, self._is_shown = True, False

    def show(self, done: int, target: int | None, text: str) -> None:
        """Draw the bar."""
        bar = self._rich.progress_bar.ProgressBar(
            total=target, completed=done, width=WIDTH, pulse=target is None
        )
        grid = self._rich.table.Table.grid(padding=(0, 1))
        for _ in range(3):
            grid.add_column(no_wrap=True)
        count = f"{done:{len(str(target))}d}/{target}" if target else f"{done}"
        grid.add_row(count, bar, self._rich.text.Text(text.removeprefix(" - ")))
        self._console.print(grid)
        line = self._paper.taken().partition("\n")[0]
        self._write(f"\r{line}{_TO_THE_END}")
        self._is_shown = True

    def clear(self) -> None:
        """Restore the line as it was before."""
        if self._is_shown:
            self._write(f"\r{_TO_THE_END}")
            self._is_shown = False

    def _write(self, text: str) -> None:
        self._is_on = self._is_on and try_to_write(self._stream, text)


def rich_bar(stream: Any) -> MovingBar:
    """Return rich's bar where rich is installed, else Keras's."""
    try:
        import rich.console
        import rich.progress_bar
        import rich.table
        import rich.text
    except ImportError:
        return KerasBar(stream)
    return RichBar(stream, rich)


def drawn_bar(done: int, target: int | None) -> str:
    """Return the bar as every Keras draws it.

    >>> drawn_bar(15, 30)
    '15/30 [==============>...............]'
    """
    if not target:
        return f"{done:7d}/Unknown"
    full = min(WIDTH * done // target, WIDTH)
    end = "" if not full else "=" if done >= target else ">"
    drawn = "=" * (full - 1) + end + "." * (WIDTH - full)
    return f"{done:{len(str(target))}d}/{target} [{drawn}]"
