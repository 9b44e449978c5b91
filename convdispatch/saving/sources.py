"""Bytes that can be read at any place: an ordinary file's, a part of them, or given ones.

A file stays open while anything refers to its bytes, so arrays can be read later, and a file that
is replaced meanwhile does not mix with the new one. Nothing here knows a format.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from convdispatch.errors import InvalidDocument
from convdispatch.support.files import open_ordinary

ReadInto = Callable[[int, memoryview], int]


class Source:
    """`size` bytes; `title` is what messages call them."""

    def __init__(self, read_into: ReadInto, start: int, size: int, title: str) -> None:
        self._read_into, self._start = read_into, start
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
        return Source(self._read_into, self._start + place, size, title)

    def _require(self, place: int, size: int) -> None:
        if place < 0 or size < 0 or place + size > self.size:
            raise InvalidDocument(
                f"{self.title} is damaged or cut: it has {self.size} bytes, and {size} bytes from "
                f"{place} on are needed."
            )

    def _fill(self, place: int, view: memoryview) -> None:
        done = 0
        while done < view.nbytes:
            count = self._read_into(self._start + place + done, view[done:])
            if not count:
                raise InvalidDocument(f"{self.title} has become shorter while it was read.")
            done += count


def source_of(given: Path | bytes | Source) -> Source:
    """Return the bytes of a file, or the given ones; raise `OSError` for no ordinary file."""
    if isinstance(given, Source):
        return given
    if isinstance(given, bytes):
        return Source(_from_bytes(given), 0, len(given), "the file")
    stream = open_ordinary(given)
    return source_of_stream(stream, f"the file {str(given)!r}")


def source_of_stream(stream: IO[bytes], title: str) -> Source:
    """Return the bytes of an open file, which is closed when nothing refers to them."""
    size = os.fstat(stream.fileno()).st_size
    return Source(_Opened(stream).read_into, 0, size, title)


def _from_bytes(data: bytes) -> ReadInto:
    whole = memoryview(data)

    def read_into(place: int, view: memoryview) -> int:
        found = whole[place : place + view.nbytes]
        view[: found.nbytes] = found
        return found.nbytes

    return read_into


class _Opened:
    """An open file. Threads and forked processes may read it at the same time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def read_into(self, place: int, view: memoryview) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._stream.fileno(), [view], place)
        with self._lock:
            self._stream.seek(place)
            found = self._stream.read(view.nbytes)
        view[: len(found)] = found
        return len(found)

    def __del__(self) -> None:
        self._stream.close()
