"""Locks that do not outlive their holders in a forked child."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager


class Lock:
    """A lock for one thread at a time, which may take it again.

    It is free in a forked child: the child has none of its parent's other threads, so nothing would
    ever release a lock that one of them held.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _every_lock.add(self)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, waiting until it is free."""
        # Release the lock that was taken, even if a fork has replaced it meanwhile.
        with self._lock:
            yield

    def take(self) -> threading.RLock:
        """Wait until the lock is free and take it; return what the caller releases.

        It is what `held` does without a context, in a tenth of the time.
        """
        taken = self._lock
        taken.acquire()
        return taken

    def renew(self) -> None:
        """Replace the lock by a free one."""
        self._lock = threading.RLock()


_every_lock: weakref.WeakSet[Lock] = weakref.WeakSet()


def _after_fork() -> None:
    for lock in _every_lock:
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
