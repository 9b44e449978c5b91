"""The headers of HDF5's objects: lists of messages, in their old form and in their newer one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from convdispatch.saving.hdf5_format.blocks import Blocks, Cursor
from convdispatch.saving.hdf5_format.tree import Damaged, Unusual

_CONTINUATION = 0x10
_SHARED = 2  # the flag of a message that lies elsewhere


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a header."""

    kind: int
    data: bytes

    def cursor(self) -> Cursor:
        """Return the message to be taken."""
        return Cursor(self.data)


def messages(blocks: Blocks, place: int) -> list[Message]:
    """Return the messages of the object whose header lies there."""
    blocks.enter(place)
    start = blocks.read(place, 16)
    if start.startswith(b"OHDR"):
        return list(_new(blocks, place, start))
    if start[0] != 1:
        raise Damaged("it has an object without a header")
    return list(_old(blocks, place, start))


def _old(blocks: Blocks, place: int, start: bytes) -> Iterator[Message]:
    size = int.from_bytes(start[8:12], "little")
    waiting = [(place + 16, size)]
    while waiting:
        cursor = blocks.cursor(*waiting.pop())
        while cursor.left >= 8:
            kind, length, flags = cursor.number(2), cursor.number(2), cursor.number(1)
            cursor.take(3)
            data = cursor.take(length)
            if kind == _CONTINUATION:
                waiting.append(_continuation(blocks, data))
            else:
                yield _message(kind, flags, data)


def _new(blocks: Blocks, place: int, start: bytes) -> Iterator[Message]:
    flags = start[5]
    head = 6 + (16 if flags & 32 else 0) + (4 if flags & 16 else 0)
    width = 1 << (flags & 3)
    size = blocks.cursor(place + head, width).number(width)
    waiting = [(place + head + width, size)]
    is_first = True
    while waiting:
        cursor = blocks.cursor(*waiting.pop())
        if not is_first:
            cursor.expect(b"OCHK")
            cursor = Cursor(cursor.data[:-4], 4)  # without the checksum at the end
        is_first = False
        while cursor.left >= 4:
            kind, length, message_flags = cursor.number(1), cursor.number(2), cursor.number(1)
            if flags & 4:
                cursor.take(min(2, cursor.left))
            if length > cursor.left:
                break  # a gap, too small for a message
            data = cursor.take(length)
            if kind == _CONTINUATION:
                waiting.append(_continuation(blocks, data))
            else:
                yield _message(kind, message_flags, data)


def _continuation(blocks: Blocks, data: bytes) -> tuple[int, int]:
    cursor = Cursor(data)
    place, size = cursor.number(8), cursor.number(8)
    blocks.enter(place)
    return place, size


def _message(kind: int, flags: int, data: bytes) -> Message:
    if flags & _SHARED:
        raise Unusual("a part of a header that several objects share")
    return Message(kind, data)
