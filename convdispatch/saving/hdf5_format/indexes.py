"""HDF5's heaps and B-trees: names and texts, the members of groups, the chunks of arrays."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.saving.hdf5_format.blocks import NOWHERE, Blocks, Cursor
from convdispatch.saving.hdf5_format.messages import Link, name_of, other_link
from convdispatch.saving.hdf5_format.tree import Damaged, Piece, Unusual

_DEEPEST = 64  # levels of a tree


def old_links(blocks: Blocks, tree: int, heap: int) -> Iterator[Link]:
    """Yield the members of a group of the old form: a tree of names in a heap."""
    cursor = blocks.cursor(heap, 32)
    cursor.expect(b"HEAP")
    cursor.take(4)
    size = cursor.number(8)
    cursor.take(8)
    names = blocks.read(cursor.number(8), size)
    for node in _leaves(blocks, tree, 0, 8):
        yield from _symbols(blocks, node[1], names)


def _symbols(blocks: Blocks, place: int, names: bytes) -> Iterator[Link]:
    blocks.enter(place)
    cursor = blocks.cursor(place, 8)
    cursor.expect(b"SNOD")
    cursor.take(2)
    count = cursor.number(2)
    cursor = blocks.cursor(place + 8, 40 * count)
    for _ in range(count):
        at, header, kind = cursor.number(8), cursor.number(8), cursor.number(4)
        cursor.take(20)
        end = names.find(b"\0", at)
        if end < 0:
            raise Damaged("it has a member without a name")
        name = name_of(names[at:end])
        if kind == 2:
            raise other_link(name, "soft")
        yield Link(name, header)


def chunks(blocks: Blocks, tree: int, rank: int) -> Iterator[Piece]:
    """Yield the stored chunks of an array of that rank."""
    if tree == NOWHERE:
        return
    for key, place in _leaves(blocks, tree, 1, 8 + 8 * (rank + 1)):
        cursor = Cursor(key)
        size, skipped = cursor.number(4), cursor.number(4)
        origin = tuple(cursor.number(8) for _ in range(rank))
        blocks.count()
        yield Piece(origin, place, size, skipped)


def _leaves(
    blocks: Blocks, place: int, kind: int, key: int, depth: int = 0
) -> Iterator[tuple[bytes, int]]:
    """Yield what the lowest nodes of a tree list: keys, and where their objects lie."""
    blocks.enter(place)
    cursor = blocks.cursor(place, 24)
    cursor.expect(b"TREE")
    if cursor.number(1) != kind or depth > _DEEPEST:
        raise Damaged("it has a tree of the wrong kind")
    level, count = cursor.number(1), cursor.number(2)
    cursor = blocks.cursor(place + 24, count * (key + 8) + key)
    for _ in range(count):
        found = cursor.take(key)
        child = cursor.number(8)
        if level:
            yield from _leaves(blocks, child, kind, key, depth + 1)
        else:
            yield found, child


class GlobalHeap:
    """Texts of variable size, in collections, each of which is read once."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._collections: dict[int, dict[int, bytes]] = {}

    def text(self, size: int, place: int, index: int) -> bytes:
        """Return a text of that size."""
        if not size:
            return b""
        if place not in self._collections:
            self._collections[place] = self._collection(place)
        found = self._collections[place].get(index)
        if found is None or len(found) != size:
            raise Damaged("it has a text that is not where it should be")
        self._blocks.count_text(size)
        return found

    def _collection(self, place: int) -> dict[int, bytes]:
        cursor = self._blocks.cursor(place, 16)
        cursor.expect(b"GCOL")
        cursor.take(4)
        size = cursor.number(8)
        cursor = self._blocks.cursor(place + 16, max(size - 16, 0))
        found: dict[int, bytes] = {}
        while cursor.left >= 16:
            index = cursor.number(2)
            cursor.take(6)
            length = cursor.number(8)
            if not index:  # the rest is free
                break
            found[index] = cursor.take(length)
            cursor.take(min(-length % 8, cursor.left))
        return found


class FractalHeap:
    """Objects of a group or an object with many members or attributes."""

    def __init__(self, blocks: Blocks, place: int) -> None:
        blocks.enter(place)
        self._blocks = blocks
        cursor = blocks.cursor(place, 142)
        cursor.expect(b"FRHP")
        cursor.take(1)
        self.id_size, filter_size = cursor.number(2), cursor.number(2)
        self._has_checksums = bool(cursor.number(1) & 2)
        most_managed = cursor.number(4)
        cursor.take(96)
        self._width = cursor.number(2)
        self._first, self._largest = cursor.number(8), cursor.number(8)
        bits = cursor.number(2)
        cursor.take(2)
        self._root, self._rows = cursor.number(8), cursor.number(2)
        if filter_size or not 0 < bits <= 64 or not self._first or not self._width:
            raise Unusual("a heap of an unknown form")
        self._offset_size = (bits + 7) // 8
        self._length_size = (min(self._largest, most_managed).bit_length() + 7) // 8
        self._table: list[tuple[int, int, int]] | None = None

    def object(self, identifier: bytes) -> bytes:
        """Return the object of that id."""
        cursor = Cursor(identifier)
        if cursor.number(1) & 0xF0:
            raise Unusual("an object of a heap that is very large or tiny")
        offset, length = cursor.number(self._offset_size), cursor.number(self._length_size)
        if self._table is None:
            self._table = self._blocks_of(self._root, self._rows, 0, 0)
        for start, size, place in self._table:
            if start <= offset and offset + length <= start + size:
                return self._blocks.read(place + offset - start, length)
        raise Damaged("it has a member that is not in its heap")

    def _blocks_of(
        self, place: int, rows: int, offset: int, depth: int
    ) -> list[tuple[int, int, int]]:
        """Return offset, size and place of each block with objects."""
        if not rows:
            return [(offset, self._first, place)]
        self._blocks.enter(place)
        head = 13 + self._offset_size
        if depth > _DEEPEST or rows > 64 or self._width > 1024:
            raise Damaged("it has a heap of the wrong form")
        cursor = self._blocks.cursor(place, head + 8 * rows * self._width)
        cursor.expect(b"FHIB")
        cursor.take(head - 4)
        found: list[tuple[int, int, int]] = []
        for row in range(rows):
            size = self._first << max(row - 1, 0)
            for _ in range(self._width):
                child = cursor.number(8)
                if child != NOWHERE:
                    found += self._child(child, size, offset, depth)
                offset += size
        return found

    def _child(self, place: int, size: int, offset: int, depth: int) -> list[tuple[int, int, int]]:
        if size <= self._largest:
            return [(offset, size, place)]
        # The rows of an indirect block are those whose sizes make up its own.
        rows = (size // (self._first * self._width)).bit_length()
        return self._blocks_of(place, rows, offset, depth + 1)


def records(blocks: Blocks, place: int) -> Iterator[bytes]:
    """Yield the records of a tree of the newer form."""
    blocks.enter(place)
    cursor = blocks.cursor(place, 38)
    cursor.expect(b"BTHD")
    cursor.take(2)
    node_size, record_size, depth = cursor.number(4), cursor.number(2), cursor.number(2)
    cursor.take(2)
    root, count = cursor.number(8), cursor.number(2)
    if not record_size or node_size < 10 + record_size or depth > _DEEPEST:
        raise Damaged("it has a tree of the wrong form")
    if root == NOWHERE:
        return
    # How many records a node of each depth and its children may have says how their numbers lie.
    most = (node_size - 10) // record_size
    number_size = (most.bit_length() + 7) // 8
    total_sizes, total = [0], most
    for _ in range(1, depth):
        pointer = 8 + number_size + total_sizes[-1]
        most_here = max((node_size - 10 - pointer) // (record_size + pointer), 0)
        total = (most_here + 1) * total + most_here
        total_sizes.append((total.bit_length() + 7) // 8)
    yield from _node(blocks, root, count, depth, record_size, (number_size, total_sizes))


def _node(
    blocks: Blocks,
    place: int,
    count: int,
    depth: int,
    record_size: int,
    sizes: tuple[int, list[int]],
) -> Iterator[bytes]:
    blocks.enter(place)
    number_size, total_sizes = sizes
    total_size = total_sizes[depth - 1] if depth else 0
    pointers = (count + 1) * (8 + number_size + total_size) if depth else 0
    cursor = blocks.cursor(place, 6 + count * record_size + pointers)
    cursor.expect(b"BTIN" if depth else b"BTLF")
    cursor.take(2)
    for _ in range(count):
        yield cursor.take(record_size)
    for _ in range(count + 1 if depth else 0):
        child, inner = cursor.number(8), cursor.number(number_size)
        cursor.take(total_size)
        yield from _node(blocks, child, inner, depth - 1, record_size, sizes)
