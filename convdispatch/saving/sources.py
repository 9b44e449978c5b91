"""Bytes that can be read at any place: an ordinary file's, a part of them, or given ones.

A file stays open while anything refers to its bytes, so arrays can be read later, and a file that
is replaced meanwhile does not mix with the new one. Nothing here knows a format.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from convdispatch.errors import InvalidDocument
from convdispatch.support.files import open_ordinary
from convdispatch.support.locks import Lock


class Source:
    """`size` bytes; `title` is what messages call them."""

    def __init__(self, found: _Bytes, start: int, size: int, title: str) -> None:
        self._bytes, self._start = found, start
        self.size, self.title = size, title

    def read(self, place: int, size: int) -> bytes:
        """Return so many bytes from a place on; raise `InvalidDocument` if there are fewer."""
        self._require(place, size)
        data = bytearray(size)
        self._fill(place, memoryview(data))
        return bytes(data)

    def read_into(self, place: int, view: memoryview) -> None:
        """Fill the view with the bytes from a place on, or raise `InvalidDocument`."""
        self._require(place, view.nbytes)
        self._fill(place, view)

    def part(self, place: int, size: int, title: str) -> Source:
        """Return a part of these bytes."""
        self._require(place, size)
        return Source(self._bytes, self._start + place, size, title)

    @contextlib.contextmanager
    def as_stream(self) -> Iterator[tuple[IO[bytes], int]]:
        """Yield an open file that has these bytes, and where in it they begin."""
        if isinstance(self._bytes, _Opened):
            with self._bytes.as_stream() as stream:
                yield stream, self._start
            return
        with tempfile.TemporaryFile() as stream:
            stream.write(self.read(0, self.size))
            stream.flush()
            yield stream, 0

    def _require(self, place: int, size: int) -> None:
        if place < 0 or size < 0 or place + size > self.size:
            raise InvalidDocument(
                f"{self.title} is damaged or cut: it has {self.size} bytes, and {size} bytes from "
                f"{place} on are needed. Copy or save it again."
            )

    def _fill(self, place: int, view: memoryview) -> None:
        done = 0
        while done < view.nbytes:
            count = self._bytes.read_into(self._start + place + done, view[done:])
            if not count:
                raise InvalidDocument(f"{self.title} has become shorter while it was read.")
            done += count


def source_of(given: Path | bytes | Source) -> Source:
    """Return the bytes of a file, or the given ones; raise `OSError` for no ordinary file."""
    if isinstance(given, Source):
        return given
    if isinstance(given, bytes):
        return Source(_Given(given), 0, len(given), "the file")
    stream = open_ordinary(given)
    return source_of_stream(stream, f"the file {str(given)!r}")


def source_of_stream(stream: IO[bytes], title: str) -> Source:
    """Return the bytes of an open file, which is closed when nothing refers to them."""
    size = os.fstat(stream.fileno()).st_size
    return Source(_Opened(stream), 0, size, title)


class _Bytes(Protocol):
    """Where bytes come from."""

    def read_into(self, place: int, view: memoryview) -> int:
        """Fill the view, or the first part of it; return how many bytes came."""


class _Given:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._whole = memoryview(data)

    def read_into(self, place: int, view: memoryview) -> int:
        found = self._whole[place : place + view.nbytes]
        view[: found.nbytes] = found
        return found.nbytes


class _Opened:
    """An open file. Threads and forked processes may read it at the same time."""

    def __init__(self, stream: IO[bytes]) -> None:
        # A number, not the stream, which would complain if it were collected before this.
        self._descriptor = os.dup(stream.fileno())
        stream.close()
        self._lock = Lock()

    def read_into(self, place: int, view: memoryview) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._descriptor, [view], place)
        with self._lock.held():
            os.lseek(self._descriptor, place, os.SEEK_SET)
            found = os.read(self._descriptor, view.nbytes)
        view[: len(found)] = found
        return len(found)

    @contextlib.contextmanager
    def as_stream(self) -> Iterator[IO[bytes]]:
        with open(self._descriptor, "rb", buffering=0, closefd=False) as stream:
            yield stream

    def __del__(self) -> None:
        os.close(self._descriptor)
