"""Ctrl-C during a step takes effect once the step has written its results.

A step may take the memory of the old weights for the new ones. An exception between the two would
leave a model without weights.
"""

from __future__ import annotations

import threading
from _signal import SIGINT, getsignal  # type: ignore[import-not-found]  # it has no types
from _signal import signal as set_handler
from types import FrameType, TracebackType


class Uninterrupted:
    """A context in which Ctrl-C waits for the end; outside of the main thread there is none.

    `signal` itself wraps these functions and looks for each handler among numbers: 7 microseconds
    a step, in place of one.
    """

    __slots__ = ("_before", "_came")

    def __enter__(self) -> None:
        self._before = None
        self._came: FrameType | None = None
        if threading.get_ident() == threading.main_thread().ident:
            before = getsignal(SIGINT)
            if callable(before):
                self._before = before
                set_handler(SIGINT, self._note)

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
            set_handler(SIGINT, before)
            if self._came is not None:
                before(SIGINT, self._came)
