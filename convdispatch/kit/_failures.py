"""What a user is told when a distribution engine fails."""

from __future__ import annotations

from convdispatch.errors import GroupFailed


def group_failure(exc: Exception) -> GroupFailed:
    """Return the error for a process that has ended, hangs or cannot be reached.

    >>> str(group_failure(OSError("no peer")))[-70:]
    'start the script again; `fit(resume=...)` goes on from its last epoch.'
    """
    said = (str(exc).strip().splitlines() or [type(exc).__name__])[0]
    return GroupFailed(
        "another process of this training has ended, hangs, or cannot be reached, so it cannot go "
        f"on here. The engine said: {said}. Look at what the other processes print, and start the "
        "script again; `fit(resume=...)` goes on from its last epoch."
    )
