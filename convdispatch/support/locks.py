"""Locks that do not outlive their holders in a forked child."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager


class Lock:
    """A lock for one thread at a time, which may take it again.

    A forked child finds it free: it has none of its parent's other threads, so that nobody would
    ever release what one of them held.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _every_lock.add(self)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, waiting until it is free."""
        # The one that was taken is released, though a fork may have put another in its place.
        with self._lock:
            yield

    def renew(self) -> None:
        """Replace the lock by one that nobody holds."""
        self._lock = threading.RLock()


_every_lock: weakref.WeakSet[Lock] = weakref.WeakSet()


def _after_fork() -> None:
    for lock in _every_lock:
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
