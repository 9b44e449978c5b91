"""Ctrl-C during a step takes effect once the step has written its results.

A step may take the memory of the old weights for the new ones. An exception between the two would
leave a model without weights.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Uninterrupted:
    """A context in which Ctrl-C waits for the end; outside of the main thread there is none."""

    __slots__ = ("_before", "_came")

    def __enter__(self) -> None:
        self._before = None
        self._came: FrameType | None = None
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if callable(before):
                self._before = before
                signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came = frame

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        before = self._before
        if before is not None:
            signal.signal(signal.SIGINT, before)
            if self._came is not None:
                before(signal.SIGINT, self._came)
