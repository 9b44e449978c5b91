"""End a comparison early on a signal, and clean up.

A signal mask would not work: the system delivers a signal that the main thread blocks to another
thread, and Python's handler then interrupts the main thread anyway.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

# Ctrl-C, the signal of a CI, and the signal of a terminal that is closed.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
ASKING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class _State:
    """Records whether the end was requested, and whether it has to wait."""

    asked = False
    told = False
    busy = 0


_state = _State()


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Raise KeyboardInterrupt, once, on each signal that asks for the end.

    Later signals do not disturb the clean-up. A signal that is ignored, as under `nohup`, stays
    ignored.
    """
    _state.asked = _state.told = False
    before = {number: signal.getsignal(number) for number in ASKING}
    handled = [number for number in ASKING if before[number] is not signal.SIG_IGN]
    for number in handled:
        signal.signal(number, _ask)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay a signal until the end of the block, because half a worktree could not be removed."""
    _state.busy += 1
    try:
        yield
    finally:
        _state.busy -= 1
        _tell()


def _ask(number: int, frame: FrameType | None) -> None:
    _state.asked = True
    _tell()


def _tell() -> None:
    if _state.asked and not _state.told and not _state.busy:
        _state.told = True
        raise KeyboardInterrupt
