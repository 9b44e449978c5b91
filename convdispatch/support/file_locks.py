"""A lock between processes: one writer of a file at a time.

The operating system releases it when a process ends, however it ends.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 5.0  # seconds; a holder merges and writes a small file, which takes milliseconds
_PAUSE = 0.01
# A link that somebody planted is not followed, and a planted pipe does not block us.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def exclusive(path: Path, patience: float | None = None) -> Iterator[None]:
    """Hold the lock of the file `path`, which is made if necessary and stays.

    Raises OSError if the file cannot be made, and TimeoutError, which is an OSError, if another
    process holds the lock for longer than `patience` seconds, by default PATIENCE: a stopped
    process must not stop the others.
    """
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    descriptor = _open(path)
    try:
        _wait_for(descriptor, path, deadline)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def passing(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock as `exclusive` does, and remove the file afterwards.

    For a user's folder, in which no file of ours should stay. A killed process leaves the file, and
    the next holder removes it. (Windows does not remove an open file, so it stays there.)
    """
    deadline = time.monotonic() + patience
    while True:
        descriptor = _open(path)
        try:
            _wait_for(descriptor, path, deadline)
            if not _is_still(descriptor, path):
                continue  # the last holder has removed the file that we opened
            try:
                yield
            finally:
                with suppress(OSError):
                    path.unlink()
                _unlock(descriptor)
            return
        finally:
            os.close(descriptor)


def _open(path: Path) -> int:
    descriptor = os.open(path, _FLAGS, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "its lock is not an ordinary file", str(path))
    return descriptor


def _is_still(descriptor: int, path: Path) -> bool:
    """Return whether the open file still has this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _wait_for(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return _try_lock(descriptor)
        except OSError as exc:
            if time.monotonic() >= deadline:
                raise TimeoutError(0, "another process holds its lock", str(path)) from exc
        time.sleep(_PAUSE)
