"""Keep helper threads off the processor of the thread that they help.

If Linux takes a thread's own processor for busy, it wakes the thread on the processor of the waking
thread. This happens in a virtual machine with halted idle processors, and the two threads then
share one processor for 30 ms: a convolution after a pause took twice as long as in a loop.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable


def _processor_of_caller() -> Callable[[], int] | None:
    if sys.platform != "linux":
        return None
    function = getattr(ctypes.CDLL(None), "sched_getcpu", None)
    return None if function is None else lambda: int(function())


_current = _processor_of_caller()


def usable() -> int:
    """Return how many processors the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Helpers:
    """The helping threads of a pool."""

    def __init__(self) -> None:
        self._threads: list[int] = []
        self._avoided: int | None = None

    def join(self) -> None:
        """Count the calling thread among them."""
        self._threads.append(threading.get_native_id())
        self._avoided = None

    def avoid_this_processor(self) -> None:
        """Keep them off the processor that the calling thread is on, if there are others."""
        if sys.platform != "linux" or _current is None:
            return
        here = _current()
        if here == self._avoided or here < 0:
            return
        others = os.sched_getaffinity(0) - {here}
        if not others:
            return
        self._avoided = here
        for thread in list(self._threads):
            with contextlib.suppress(OSError):  # it may have ended, or a sandbox forbids it
                os.sched_setaffinity(thread, others)
