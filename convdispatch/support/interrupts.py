"""Requests to stop: Ctrl-C, and the signals of a system that shuts down or a terminal that closes.

Every command answers them alike. The first one raises `KeyboardInterrupt`, unless the command has
something to finish and answers otherwise; those that follow are ignored, so that nobody cuts the
cleaning up short by being impatient.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_PATIENCE = 1.5  # seconds that something may postpone its end


class Interrupts:
    """The requests that this process was sent, and who answers the first of them."""

    def __init__(self) -> None:
        self.came = False  # whether there was one since `handled` began
        self._answer: Callable[[], object] = _interrupt

    @contextlib.contextmanager
    def handled(self, *, is_program: bool = False) -> Iterator[None]:
        """Answer requests inside; in another thread than the main one, change nothing.

        What is ignored already, as by nohup, stays so. Where the program ends with the block, more
        requests are ignored to its end: they would kill it while Python clears up.
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
        """Answer a request inside, or one that nobody has answered yet, by this call.

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
        """Let what is inside be done before a request is answered, if that is soon."""
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
