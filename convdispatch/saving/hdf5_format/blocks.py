"""Pieces of a file's structure: each is read once, and all together are bounded."""

from __future__ import annotations

from convdispatch.saving.hdf5_format.tree import Damaged
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.sources import Source

NOWHERE = 2**64 - 1  # the address of what does not exist


class Cursor:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if size > len(self.data) - self.at:
            raise Damaged("a part of its structure is cut")
        found = self.data[self.at : self.at + size]
        self.at += size
        return found

    def number(self, size: int) -> int:
        """Return the next unsigned number of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def expect(self, signature: bytes) -> None:
        """Skip a signature, which has to be there."""
        if self.take(len(signature)) != signature:
            raise Damaged(
                f"its structure has no {signature.decode('ascii', 'replace')} where one is needed"
            )


class Blocks:
    """The structure of a file: no block is read twice, and the sum of all is limited."""

    def __init__(self, source: Source, limits: FileLimits) -> None:
        self._source, self._limits = source, limits
        self._seen: set[int] = set()
        self._bytes = self._objects = self._text = 0

    def read(self, place: int, size: int) -> bytes:
        """Return bytes of the structure."""
        if place + size > self._source.size:
            raise Damaged(
                f"its structure needs {size:,} bytes at {place:,}, beyond its end: it is cut"
            )
        self._bytes += size
        self._limits.require("text_bytes", self._bytes, f"its structure has {self._bytes:,} bytes")
        return self._source.read(place, size)

    def cursor(self, place: int, size: int) -> Cursor:
        """Return bytes of the structure to be taken."""
        return Cursor(self.read(place, size))

    def enter(self, place: int) -> None:
        """Note that a block is read; raise if it was before: a loop, or a second name."""
        if place in self._seen:
            raise Damaged(
                "two parts of its structure are the same: a loop, or an object of two names "
                "(hard links)"
            )
        self._seen.add(place)
        self.count()

    def count(self, number: int = 1) -> None:
        """Count objects of the file."""
        self._objects += number
        self._limits.require(
            "objects", self._objects, f"it has more than {self._objects - number:,} objects"
        )

    def count_text(self, size: int) -> None:
        """Count bytes of names and texts, which may be listed more than once."""
        self._text += size
        self._limits.require("text_bytes", self._text, f"its texts have {self._text:,} bytes")
