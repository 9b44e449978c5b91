"""Make forks wait until none of our threads multiplies matrices, and keep new ones from starting.

OpenBLAS ends its threads before a fork (`pthread_atfork`), even busy ones, and a caller that waits
for them waits for ever: in the parent, in the child, or in the fork itself. NumPy alone has this
fault: one thread repeats `a @ a` while another one forks.
"""

from __future__ import annotations

import threading


class Gate:
    """Counts the computing threads; each enters once, even for nested computations."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._computing = 0
        self._forks = 0  # that wait, or are under way
        self._depths = threading.local()

    def __enter__(self) -> None:
        """Wait until no fork is under way, unless the thread is inside already."""
        depth = self._depth()
        if not depth:
            with self._changed:
                while self._forks:
                    self._changed.wait()
                self._computing += 1
        self._depths.value = depth + 1

    def __exit__(self, *_: object) -> None:
        depth = self._depths.value = self._depth() - 1
        if not depth:
            with self._changed:
                self._computing -= 1
                self._changed.notify_all()

    def help(self) -> None:
        """Enter on behalf of a thread that is inside and waits for this one; do not wait here."""
        self._depths.value = 1

    def close(self) -> None:
        """Wait until no other thread computes, and let none begin; called before a fork."""
        self._changed.acquire()
        self._forks += 1
        # A signal handler forks in the middle of its own thread's computation.
        own = 1 if self._depth() else 0
        while self._computing > own:
            self._changed.wait()

    def open(self) -> None:
        """Undo one `close`; called after the fork, in the parent."""
        self._forks -= 1
        self._changed.notify_all()
        self._changed.release()

    def renew(self) -> None:
        """Forget all threads except the calling one; called after the fork, in the child."""
        self._changed = threading.Condition()
        self._computing = 1 if self._depth() else 0
        self._forks = 0

    def _depth(self) -> int:
        depth: int = getattr(self._depths, "value", 0)
        return depth


gate = Gate()
