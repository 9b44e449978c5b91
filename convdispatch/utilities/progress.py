"""Keras's progress bar, for loops of a script's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.support.terminal import try_to_write


class Progbar:
    """A bar of steps with means of numbers, as `fit` prints it.

    `update(current, values)` takes how many steps are done in all, and pairs (name, number), which
    are averaged over the steps; `add(n, values)` takes how many more. A number in `force` is shown
    as it is.

    >>> bar = Progbar(2, verbose=2)
    >>> bar.add(2, [("loss", 0.5)])
     - 0s - loss: 0.5000
    """

    def __init__(
        self, target: int | None, width: int = 30, verbose: int = 1, interval: float = 0.05
    ) -> None:
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.sum_values: dict[str, list[float]] = {}
        self.unique_values: list[str] = []
        self.seen_so_far = 0
        self.start = time.time()
        self.last_update = 0.0
        self._longest = 0

    def update(
        self,
        current: int,
        values: Sequence[tuple[str, Any]] | None = None,
        force: bool | Sequence[tuple[str, Any]] = False,
    ) -> None:
        """Take how many steps are done, and draw the bar if it is time."""
        done = current - self.seen_so_far
        for name, value in values or ():
            if name not in self.sum_values:
                self.unique_values.append(name)
            total, count = self.sum_values.get(name, [0.0, 0])
            self.sum_values[name] = [total + float(value) * done, count + done]
        self.seen_so_far = current
        now, is_done = time.time(), self.target is not None and current >= self.target
        if self.verbose == 1 and (is_done or force or now - self.last_update >= self.interval):
            self._draw(current, now, is_done=is_done)
            self.last_update = now
        elif self.verbose == 2 and is_done:
            try_to_write(sys.stdout, f" - {now - self.start:.0f}s{self._numbers()}\n")

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Take how many more steps are done."""
        self.update(self.seen_so_far + n, values)

    def _draw(self, current: int, now: float, *, is_done: bool) -> None:
        pace = (now - self.start) / current if current else 0.0
        left = f" - ETA: {pace * ((self.target or current) - current):.0f}s"
        drawn = f"{self._bar(current)}{f' - {now - self.start:.0f}s' if is_done else left}"
        drawn += self._numbers()
        shown = drawn.ljust(self._longest)
        self._longest = len(drawn)
        try_to_write(sys.stdout, f"\r{shown}{chr(10) if is_done else ''}")

    def _bar(self, current: int) -> str:
        if self.target is None:
            return f"{current:7d}/Unknown"
        digits = len(str(self.target))
        filled = int(self.width * current / self.target) if self.target else self.width
        arrow = "=" if current >= self.target else ">"
        bar = ("=" * (filled - 1) + arrow if filled else "").ljust(self.width, ".")
        return f"{current:{digits}d}/{self.target} [{bar}]"

    def _numbers(self) -> str:
        said = ""
        for name in self.unique_values:
            total, count = self.sum_values[name]
            mean = float(np.float64(total) / max(count, 1))
            said += f" - {name}: {mean:.4f}" if abs(mean) > 1e-3 else f" - {name}: {mean:.4e}"
        return said
