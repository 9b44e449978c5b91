"""A file's structure: its groups, their attributes, and the places of their arrays.

No number of an array is read here.
"""

from __future__ import annotations

from convdispatch.saving.hdf5_format.attributes import Attributes
from convdispatch.saving.hdf5_format.blocks import NOWHERE, Blocks, Cursor
from convdispatch.saving.hdf5_format.headers import Message, messages
from convdispatch.saving.hdf5_format.indexes import FractalHeap, chunks, old_links, records
from convdispatch.saving.hdf5_format.messages import (
    Layout,
    Link,
    TextType,
    element_type,
    filters,
    layout,
    link,
    shape,
)
from convdispatch.saving.hdf5_format.tree import (
    BFLOAT16,
    Damaged,
    Group,
    Piece,
    Place,
    Unusual,
)
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.sources import Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SHAPE, _LINKS, _TYPE, _LINK, _EXTERNAL = 1, 2, 3, 6, 7
_LAYOUT, _FILTERS, _OLD_LINKS = 8, 11, 17


def parsed_tree(source: Source, limits: FileLimits) -> Group:
    """Return the structure of an HDF5 file; raise `Damaged` or `Unusual`."""
    blocks = Blocks(source, limits)
    root = _Parser(blocks, limits).object(_root(blocks, source.size), 1)
    if not isinstance(root, Group):
        raise Damaged("its root is not a group")
    return root


def _root(blocks: Blocks, size: int) -> int:
    """Return the place of the first group's header."""
    cursor = blocks.cursor(0, min(size, 96))
    cursor.expect(SIGNATURE)
    version = cursor.number(1)
    if version in (0, 1):
        return _old_root(cursor, version, size)
    if version not in (2, 3):
        raise Unusual(f"a superblock of version {version}")
    widths = cursor.number(1), cursor.number(1)
    cursor.take(1)
    base, extension, end = cursor.number(8), cursor.number(8), cursor.number(8)
    if extension != NOWHERE:
        raise Unusual("a superblock with an extension")
    _require_whole(widths, base, end, size)
    return cursor.number(8)


def _old_root(cursor: Cursor, version: int, size: int) -> int:
    cursor.take(4)
    widths = cursor.number(1), cursor.number(1)
    cursor.take(9 if version == 0 else 13)
    base = cursor.number(8)
    cursor.take(8)
    end, driver = cursor.number(8), cursor.number(8)
    if driver != NOWHERE:
        raise Unusual("a driver of its own")
    _require_whole(widths, base, end, size)
    cursor.take(8)
    return cursor.number(8)


def _require_whole(widths: tuple[int, int], base: int, end: int, size: int) -> None:
    """Raise if addresses are of other widths, or the file is shorter than it says.

    `base` is where HDF5 begins in the file, behind a user block, and so it does here; only `end`
    counts from the file's first byte.
    """
    if widths != (8, 8):
        raise Unusual(f"addresses of {widths} bytes")
    if end - base > size:
        raise Damaged(f"it has {size:,} bytes of {end - base:,}: it is cut")


class _Parser:
    """Makes groups and places of headers; every object is met once."""

    def __init__(self, blocks: Blocks, limits: FileLimits) -> None:
        self._blocks, self._limits = blocks, limits
        self._attributes = Attributes(blocks)

    def object(self, place: int, depth: int) -> Group | Place:
        """Return the group or the array whose header lies there."""
        self._limits.require("depth", depth, f"it has groups within each other, {depth:,} deep")
        found = messages(self._blocks, place)
        kinds = {message.kind for message in found}
        if _EXTERNAL in kinds:
            raise Damaged("it has an array in another file (external storage)")
        if _LAYOUT in kinds:
            return self._array(found)
        if kinds & {_OLD_LINKS, _LINKS, _LINK}:
            return self._group(found, depth)
        raise Damaged("it has an object that is neither a group nor an array")

    def _group(self, found: list[Message], depth: int) -> Group:
        group = Group(attributes=self._attributes.of(found))
        for member in self._links(found):
            self._blocks.count_text(len(member.name))
            if member.name in group.groups or member.name in group.arrays:
                raise Damaged(f"it has two members {member.name!r} in one group")
            inner = self.object(member.place, depth + 1)
            if isinstance(inner, Group):
                group.groups[member.name] = inner
            else:
                group.arrays[member.name] = inner
        return group

    def _links(self, found: list[Message]) -> list[Link]:
        """Return the members of a group, in the order in which h5py lists them."""
        links: list[Link] = []
        is_ordered = False
        for message in found:
            cursor = message.cursor()
            if message.kind == _OLD_LINKS:
                links += old_links(self._blocks, cursor.number(8), cursor.number(8))
            elif message.kind == _LINK:
                links.append(link(cursor))
            elif message.kind == _LINKS:
                cursor.take(1)
                is_ordered = bool(cursor.number(1) & 1)
                cursor.take(8 if is_ordered else 0)
                heap, tree = cursor.number(8), cursor.number(8)
                if heap != NOWHERE:
                    links += self._many_links(heap, tree)
        return sorted(links, key=lambda one: one.order if is_ordered else one.name)

    def _many_links(self, place: int, tree: int) -> list[Link]:
        heap = FractalHeap(self._blocks, place)
        return [
            link(Cursor(heap.object(record[4 : 4 + heap.id_size])))
            for record in records(self._blocks, tree)
        ]

    def _array(self, found: list[Message]) -> Place:
        """Return where the numbers of an array lie."""
        parts = {message.kind: message for message in found}
        if not {_SHAPE, _TYPE} <= set(parts):
            raise Damaged("it has an array without a shape or an element type")
        dimensions = shape(parts[_SHAPE].cursor())
        kind = element_type(parts[_TYPE].cursor())
        if isinstance(kind, TextType):
            raise Damaged("it has an array of texts (objects), where only numbers are read")
        if dimensions is None:
            raise Damaged("it has an array that holds nothing")
        if isinstance(kind, int):
            if self._attributes.of(found).get("dtype") != BFLOAT16:
                raise Damaged("it has an array of opaque cells, where only numbers are read")
            kind = BFLOAT16
        names = filters(parts[_FILTERS].cursor()) if _FILTERS in parts else ()
        return self._placed(Place(dimensions, kind), layout(parts[_LAYOUT].cursor()), names)

    def _placed(self, array: Place, where: Layout, names: tuple[str, ...]) -> Place:
        if where.chunk is not None:
            rank = len(array.shape)
            if len(where.chunk) != rank + 1 or where.chunk[-1] != array.itemsize:
                raise Damaged(
                    f"it has an array of shape {array.shape} in chunks of shape {where.chunk}"
                )
            pieces = tuple(chunks(self._blocks, where.place, rank))
            return Place(array.shape, array.dtype, pieces, where.chunk[:-1], names)
        if names:
            raise Damaged("it has an array that is packed but not in chunks")
        if where.inside is not None:
            return Place(array.shape, array.dtype, inline=where.inside[: array.nbytes])
        if where.place == NOWHERE:
            return array
        return Place(array.shape, array.dtype, (Piece((), where.place, where.size),))
