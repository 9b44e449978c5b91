"""Requests to stop: Ctrl-C, and the signals of a system that shuts down or a terminal that closes.

Every command handles them alike. The first request raises `KeyboardInterrupt`, unless the command
has something to finish and handles it differently. Later requests are ignored, so that an impatient
user does not cut the clean-up short.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_PATIENCE = 1.5  # seconds by which code may postpone the end


class Interrupts:
    """The requests that this process received, and the handler of the first one."""

    def __init__(self) -> None:
        self.came = False  # whether there was one since `handled` began
        self._answer: Callable[[], object] = _interrupt

    @contextlib.contextmanager
    def handled(self, *, is_program: bool = False) -> Iterator[None]:
        """Handle requests inside the block; outside of the main thread, do nothing.

        A signal that is already ignored, as under nohup, stays ignored. If the program ends with
        the block, further requests are ignored until its end, because they would kill it while
        Python shuts down.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        before = {number: signal.getsignal(number) for number in numbers}
        taken = {
            n: handler for n, handler in before.items() if handler not in (signal.SIG_IGN, None)
        }
        self.came = False
        for number in taken:
            signal.signal(number, self._handle)
        try:
            yield
        finally:
            is_over = is_program and self.came
            for number, handler in taken.items():
                signal.signal(number, signal.SIG_IGN if is_over else handler)

    @contextlib.contextmanager
    def answered_by(self, answer: Callable[[], object]) -> Iterator[None]:
        """Handle a request inside the block, or one that is still unhandled, by this call.

        It is made between two steps of the main thread: it may put something into a
        `queue.SimpleQueue`, and must not take a lock.
        """
        before, self._answer = self._answer, answer
        try:
            if self.came:
                answer()
            yield
        finally:
            self._answer = before

    @contextlib.contextmanager
    def postponed(self) -> Iterator[None]:
        """Finish the block before a request is handled, if that is soon."""
        if not _has_handler(self._handle) or not hasattr(signal, "SIGALRM"):
            yield
            return
        before = signal.signal(signal.SIGALRM, lambda *_: _interrupt())
        try:
            with self.answered_by(lambda: signal.setitimer(signal.ITIMER_REAL, _PATIENCE)):
                yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.came:
            self.came = True
            self._answer()


def _interrupt() -> None:
    raise KeyboardInterrupt


def _has_handler(handler: object) -> bool:
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) == handler
    )


interrupts = Interrupts()
