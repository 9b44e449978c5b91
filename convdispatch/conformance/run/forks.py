"""Children that a backend forks, and that come back from it as if they were this process.

Such a child would answer a second time for the case that it was forked in, and for all later ones.
A child that ends by itself, as those of `multiprocessing` do, is not affected.
"""

from __future__ import annotations

import os
import select

_WAIT = 1.0  # seconds for a child to come back or to end; one that works longer is left alone

_pipes: list[tuple[int, int]] = []  # of the watch in force, once a child has been forked
_watching: list[bool] = []


class Watch:
    """Of one piece of foreign code: make it before, ask it after."""

    def __init__(self) -> None:
        self._process = os.getpid()
        _watching.append(True)

    def child_came_back(self) -> bool:
        """Say whether a child did; in the child, end it."""
        _watching.clear()
        if not _pipes:
            return False
        reader, writer = _pipes.pop()
        if os.getpid() != self._process:
            os.write(writer, b"!")
            os._exit(1)
        os.close(writer)  # what is open now are the children's copies
        try:
            ready, _, _ = select.select([reader], [], [], _WAIT)
            return bool(ready and os.read(reader, 1))
        finally:
            os.close(reader)


def _before_fork() -> None:
    if _watching and not _pipes:
        _pipes.append(os.pipe())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
