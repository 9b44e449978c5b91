"""How a comparison ends before its time: on a signal that asks for it, and cleaned up.

A signal's mask would not do: the system gives a signal that the main thread blocks to another one,
and Python's handler then interrupts the main thread all the same.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

# Ctrl-C, what a CI sends, and what a terminal sends that is closed.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
ASKING = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


class _State:
    """Whether somebody has asked for the end, and whether it has to wait."""

    asked = False
    told = False
    busy = 0


_state = _State()


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Raise KeyboardInterrupt, once, on each signal that asks for the end.

    Later ones do not disturb the cleaning up. What is ignored, as under `nohup`, stays ignored.
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
    """Let a signal wait until the end of the block: half a worktree could not be removed again."""
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
