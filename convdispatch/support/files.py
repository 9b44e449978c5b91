"""Read and write files safely: whole or not at all, and never through a link that others planted.

A writer makes a new file beside the target, under a name that nobody can guess, and renames it to
the target at the end. So a full disk, a killed process or a crash of the machine leaves the old
text or the new one, and nothing is written through a planted link. A reader accepts only ordinary
files of a bounded size, so neither an empty pipe nor an endless device can block it. Every refusal
is an `OSError` with a `strerror` that says why.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_NO_FOLLOWING = getattr(os, "O_NOFOLLOW", 0)
_CHUNK = 2**20
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def write_atomically(path: Path, text: str, *, sync: bool = True) -> None:
    """Replace the file, or make it, with `text` in UTF-8; its folder has to exist.

    A link to the file stays a link. The file keeps its permissions, and its owner if that is
    allowed; a new file gets the permissions that the umask leaves. Without `sync` a crash of the
    machine may leave half of the file, but a killed process still does not: use it for many files
    that can be made again.
    """
    write_bytes_atomically(path, text.encode("utf-8"), sync=sync)


def write_bytes_atomically(path: Path, data: bytes | memoryview, *, sync: bool = True) -> None:
    """Replace the file, or make it, with these bytes, as `write_atomically` does."""
    with replacing(path, sync=sync) as draft:
        draft.write(data)


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Yield a new file, for writing and reading, that replaces the file at the end of the block.

    If the block raises, the old file stays, or none. The rest is as of `write_atomically`.
    """
    target = resolved(path)
    with named_in_errors(path), _draft(target) as draft:
        yield draft
        draft.flush()
        if sync:
            os.fsync(draft.fileno())
        draft.close()  # if closing fails, the old file must still exist
        os.replace(draft.name, target)


@contextlib.contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Give an `OSError` of the block that names no file this one's name, as of a full disk."""
    try:
        yield
    except OSError as exc:
        if exc.filename is not None or exc.errno is None:
            raise
        raise OSError(exc.errno, exc.strerror, str(path)) from exc


def require_writable(path: Path) -> None:
    """Raise `OSError` if `write_atomically` would fail now, for any reason except a full disk."""
    target = resolved(path)
    if target.exists():
        os.close(os.open(target, os.O_WRONLY | _NO_WAITING))
    with _draft(target):
        pass


def read_whole(path: Path, most: int) -> bytes:
    """Return an ordinary file's contents; raise `OSError` for another kind, or a larger one."""
    with open_ordinary(path) as stream:
        data = bytearray()
        while chunk := stream.read(_CHUNK):
            data += chunk
            if len(data) > most:
                raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
    return bytes(data)


def open_ordinary(path: Path) -> IO[bytes]:
    """Open an ordinary file for reading, unbuffered; raise `OSError` for another kind."""
    descriptor = os.open(path, os.O_RDONLY | _NO_WAITING)
    stream = open(descriptor, "rb", buffering=0)  # noqa: SIM115 - the caller closes it
    try:
        _require_ordinary(os.fstat(descriptor), path)
    except OSError:
        stream.close()
        raise
    return stream


def decompressed(data: bytes, most: int) -> bytes:
    """Return the data, or what it holds if gzip wrote it; raise `OSError` if cut or larger."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            whole = stream.read(most + 1)
    except (EOFError, zlib.error) as exc:
        raise OSError(errno.EINVAL, f"it is not a whole gzip file: {exc}") from exc
    if len(whole) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return whole


def resolved(path: Path) -> Path:
    """Return the file after following links; raise `OSError` if it cannot be replaced.

    A link that another user made is not followed: with write access to a shared folder that user
    could lead the writer to any file.
    """
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode) and not _is_trusted(status.st_uid):
            raise PermissionError(errno.EPERM, "it is a link of another user's", str(path))
    target = Path(os.path.realpath(path))
    with contextlib.suppress(FileNotFoundError):
        _require_ordinary(target.stat(), path)
    return target


def _is_trusted(owner: int) -> bool:
    return not hasattr(os, "geteuid") or owner in (0, os.geteuid())


def _require_ordinary(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))


@contextlib.contextmanager
def _draft(target: Path) -> Iterator[IO[bytes]]:
    """Yield a new file beside the target, open for both; remove it at the end if it is left."""
    old = target.stat() if target.exists() else None
    draft = str(target.with_name(f"{_draft_stem(target)}{secrets.token_hex(8)}.tmp"))
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOWING
    # The new file of a private file is private from the first byte on.
    try:
        descriptor = os.open(draft, flags, 0o666 if old is None else 0o600)
    except OSError as exc:  # which names the draft, of which the user knows nothing
        is_missing = exc.errno == errno.ENOENT
        reason = "there is no such folder" if is_missing else exc.strerror
        raise OSError(exc.errno, reason, str(target.parent)) from exc
    try:
        with open(draft, "w+b", opener=lambda *_: descriptor) as stream:
            if old is not None:
                _take_after(descriptor, old)
            yield stream
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)


def _take_after(descriptor: int, old: os.stat_result) -> None:
    """Give the open file the old one's owner, as far as that is allowed, and its mode."""
    if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & 0o777)


def require_replaceable(target: Path) -> None:
    """Raise `OSError` if a replacement of this file could not have the same owner, mode and names.

    The replacement needs the same owner and group. The file must be writable and have no second
    name, because the text under that name would stay old.
    """
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", str(target))
    if status.st_nlink > 1:
        raise OSError(
            errno.EMLINK, f"the file has {status.st_nlink} names (hard links)", str(target)
        )
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        return
    if status.st_uid != os.geteuid() or status.st_gid not in {os.getegid(), *os.getgroups()}:
        raise PermissionError(errno.EPERM, "the file belongs to another user or group", str(target))


def remove_drafts(target: Path) -> None:
    """Remove files that killed writers of this file left; the caller holds the file's lock."""
    for draft in target.parent.glob(f"{_draft_stem(target)}*.tmp"):
        draft.unlink(missing_ok=True)


def _draft_stem(target: Path) -> str:
    # A name of its own length could be too long for the folder.
    return f".convdispatch-{zlib.crc32(os.fsencode(target.name)):08x}-"
