"""Write a file or a folder that others write into, whole or not at all.

What is written lies in a hidden folder beside the target until it is complete and on the disk. So a
killed process or a full disk leaves the target as it was. A folder takes two renames to replace:
a process that is killed between them leaves the old one in the hidden folder, complete.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from convdispatch.support.files import named_in_errors, resolved


@contextlib.contextmanager
def replaced_whole(path: Path, *, is_folder: bool) -> Iterator[Path]:
    """Yield the path of a draft, which the block writes; it becomes `path` when the block ends.

    Raises `OSError` where `path` is of the other kind, and for a folder that holds anything beside
    what the new one holds: that would be lost.
    """
    target = Path(os.path.realpath(path)) if is_folder else resolved(path)
    if is_folder and target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    with named_in_errors(path), _beside(target, path) as room:
        draft = room / target.name
        yield draft
        _synchronize(draft)
        if is_folder and target.exists():
            _require_same_names(target, draft, path)
            os.rename(target, room / "old")
        os.replace(draft, target)
        _synchronize_folder(target.parent)


@contextlib.contextmanager
def _beside(target: Path, path: Path) -> Iterator[Path]:
    """Yield a new hidden folder beside the target, which is removed at the end."""
    try:
        room = Path(tempfile.mkdtemp(prefix=".convdispatch-", suffix=".tmp", dir=target.parent))
    except FileNotFoundError as exc:
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent)) from exc
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _require_same_names(old: Path, new: Path, path: Path) -> None:
    others = sorted({one.name for one in old.iterdir()} - {one.name for one in new.iterdir()})
    if others:
        raise OSError(
            errno.ENOTEMPTY,
            f"it holds other files, such as {others[0]!r}, which would be lost. Give the path of "
            "a new folder",
            str(path),
        )


def _synchronize(draft: Path) -> None:
    """Wait until the files of a draft are on the disk."""
    files = [one for one in draft.rglob("*") if one.is_file()] if draft.is_dir() else [draft]
    for file in files:
        with open(file, "rb") as stream:
            os.fsync(stream.fileno())


def _synchronize_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
