"""Show the progress of training in the words of Keras 1 or 2.

Numbers of batches stay on the device until a bar is drawn on a terminal, ten times a second at
most. Where nobody watches, an epoch is one line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch.callbacks._base import Callback, Logs
from convdispatch.callbacks._moving_bars import KerasBar, MovingBar, drawn_bar, rich_bar
from convdispatch.doors.keras2 import LINES
from convdispatch.doors.rows import Lines
from convdispatch.support.terminal import is_terminal, try_to_write

_PAUSE = 0.1  # seconds between two drawings


class ProgbarLogger(Callback):
    """Prints each epoch: a bar where `verbose` is 1, which moves on a terminal, else a line."""

    writes = True
    reads_weights = False

    def __init__(self, count_mode: str = "samples", *, lines: Lines = LINES) -> None:
        super().__init__()
        self.count_mode, self._lines = count_mode, lines
        self._line: MovingBar | None = None
        self._begun = self._due = 0.0
        self._seen = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Say how much there is to do."""
        self._verbose = int(self.params.get("verbose") or 0)
        samples, validated = self.params.get("samples"), self.params.get("val_samples")
        if self._verbose and samples and validated:
            self._say(f"Train on {samples} samples, validate on {validated} samples\n")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Say which epoch begins."""
        self._begun, self._seen = time.monotonic(), 0
        self._due = self._begun + _PAUSE
        if self._verbose:
            self._say(f"Epoch {epoch + 1}/{self.params.get('epochs', '?')}\n")
        if self._verbose == 1 and is_terminal(sys.stdout):
            self._line = rich_bar(sys.stdout) if self._lines.has_rich_bar else KerasBar(sys.stdout)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Draw the bar, if it is time."""
        self._seen += int((logs or {}).get("size", 0)) if self._target_is_samples else 1
        if self._line is not None and time.monotonic() >= self._due:
            self._due = time.monotonic() + _PAUSE
            averages = getattr(logs, "averages", None)
            shown = _shown(averages() if averages else {})
            self._line.show(self._seen, self._target, f"{self._time_left()}{shown}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Print what the epoch reported."""
        self._clear()
        if not self._verbose:
            return
        seconds, done = time.monotonic() - self._begun, self._target or self._seen
        form = self._lines.after_bar if self._verbose == 1 else self._lines.plain
        said = form.format(
            seconds=seconds, pace=_pace(seconds / max(done, 1)), numbers=_shown(self._known(logs))
        )
        self._say(f"{drawn_bar(done, self._target) if self._verbose == 1 else ''}{said}\n")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Leave no bar behind."""
        self._clear()

    @property
    def _target_is_samples(self) -> bool:
        return bool(self.params.get("samples"))

    @property
    def _target(self) -> int | None:
        """How many samples an epoch has, or batches where that alone is known."""
        target: int | None = self.params.get("samples") or self.params.get("steps")
        return target

    def _known(self, logs: Logs | None) -> Mapping[str, Any]:
        """Return what was reported, in the order in which Keras prints it."""
        given = logs or {}
        return {name: given[name] for name in self.params.get("metrics", given) if name in given}

    def _time_left(self) -> str:
        target = self._target
        if not target or not self._seen:
            return ""
        left = (time.monotonic() - self._begun) / self._seen * (target - self._seen)
        return f" - ETA: {_clock(int(max(left, 0)))}"

    def _clear(self) -> None:
        if self._line is not None:
            self._line.clear()
            self._line = None

    def _say(self, text: str) -> None:
        try_to_write(sys.stdout, text)


def say_done(done: int | None, seconds: float, lines: Lines) -> None:
    """Print what a Keras prints after so many samples, or steps, without training."""
    form, pace = lines.after_bar, _pace(seconds / max(done or 1, 1))
    said = form.format(seconds=seconds, pace=pace, numbers="")
    try_to_write(sys.stdout, f"{drawn_bar(done or 0, done)}{said}\n")


def _shown(numbers: Mapping[str, Any]) -> str:
    """Return the numbers as text; of an array the mean, as Keras 3 does."""
    means = {
        name: one if isinstance(one, float) else float(np.mean(one))
        for name, one in numbers.items()
    }
    return "".join(
        f" - {name}: {value:.4f}" if abs(value) > 1e-3 else f" - {name}: {value:.4e}"
        for name, value in means.items()
    )


def _clock(seconds: int) -> str:
    if seconds <= 60:
        return f"{seconds}s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}:{minutes_left:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _pace(seconds: float) -> str:
    """Return the time of a step in the unit that Keras 2 prints."""
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"
