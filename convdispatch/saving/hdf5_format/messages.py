"""The messages of an object's header: shapes, element types, layouts, filters, links."""

from __future__ import annotations

from dataclasses import dataclass

from convdispatch.saving.hdf5_format.blocks import Cursor
from convdispatch.saving.hdf5_format.tree import BFLOAT16, Damaged, Unusual

_CLASSES = {
    2: "times",
    4: "bit fields",
    6: "compounds",
    7: "references",
    10: "arrays of arrays",
    11: "complex numbers",
}
_FILTERS = {1: "gzip", 2: "shuffle", 32000: "lzf"}
_OTHER_FILTERS = {3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset"}
# Exponent's place and size, mantissa's place and size, bias: by NumPy's word.
_FLOATS: dict[tuple[int, ...], str] = {
    (2, 10, 5, 0, 10, 15): "f2",
    (2, 7, 8, 0, 7, 127): BFLOAT16,
    (4, 23, 8, 0, 23, 127): "f4",
    (8, 52, 11, 0, 52, 1023): "f8",
}


@dataclass(frozen=True, slots=True)
class TextType:
    """Texts: of a fixed size, or `size` None, in the heap."""

    size: int | None


# NumPy's word with its byte order, `BFLOAT16`, a kind of text, or the size of opaque cells.
ElementType = str | TextType | int


def element_type(cursor: Cursor) -> ElementType:
    """Return the element type that a message describes; raise for one that is refused."""
    kind = cursor.number(1) & 15
    bits = cursor.number(3)
    size = cursor.number(4)
    if kind == 0:
        return _integer(cursor, bits, size)
    if kind == 1:
        return _float(cursor, bits, size)
    if kind == 3:
        return TextType(size)
    if kind == 5 and size == 2:
        return size
    if kind == 8:
        return _bool(cursor, bits, size)
    if kind == 9 and bits & 15 == 1:
        return TextType(None)
    words = _CLASSES.get(kind, "objects of variable size or of unknown kind")
    raise Damaged(f"it has {words} (HDF5's class {kind}), where only numbers and texts are read")


def _integer(cursor: Cursor, bits: int, size: int) -> str:
    offset, precision = cursor.number(2), cursor.number(2)
    if size not in (1, 2, 4, 8) or offset or precision != 8 * size:
        raise Damaged(f"it has integers of {precision} bits in {size} bytes")
    return f"{_order(bits & 1, size)}{'i' if bits & 8 else 'u'}{size}"


def _float(cursor: Cursor, bits: int, size: int) -> str:
    cursor.take(4)
    form = (size, *(cursor.number(1) for _ in range(4)), cursor.number(4))
    word = _FLOATS.get(form)
    if word is None or bits & 64:
        raise Damaged(f"it has floats of {size} bytes in a form of their own")
    if word == BFLOAT16:
        if bits & 1:
            raise Damaged("it has bfloat16 numbers whose high byte is first")
        return word
    return f"{_order(bits & 1, size)}{word}"


def _bool(cursor: Cursor, bits: int, size: int) -> str:
    """Return the type of a truth value, as h5py writes it: FALSE and TRUE of one byte."""
    if size == 1 and bits & 0xFFFF == 2 and element_type(cursor) in ("|i1", "|u1"):
        names = cursor.take(cursor.left)
        if names.replace(b"\0", b"").startswith(b"FALSETRUE"):
            return "|b1"
    raise Damaged("it has enumerations other than FALSE and TRUE")


def _order(is_big: int, size: int) -> str:
    return "|" if size == 1 else ">" if is_big else "<"


def shape(cursor: Cursor) -> tuple[int, ...] | None:
    """Return the sizes of a dataspace; None if it holds nothing."""
    version, rank, flags = cursor.number(1), cursor.number(1), cursor.number(1)
    if version not in (1, 2):
        raise Unusual(f"a dataspace of version {version}")
    kind = cursor.number(1) if version == 2 else min(rank, 1)
    if version == 1:
        cursor.take(5)
    if rank > 32 or flags & ~3:
        raise Damaged(f"it has a shape of {rank} axes")
    sizes = tuple(cursor.number(8) for _ in range(rank))
    if any(size >= 2**63 for size in sizes):
        raise Damaged(f"it has an axis of {max(sizes):,} cells")
    return None if kind == 2 else sizes


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the numbers lie: at `place`, in the header at `inside`, or in chunks of an index."""

    place: int = 0
    size: int = 0
    chunk: tuple[int, ...] | None = None
    inside: bytes | None = None


def layout(cursor: Cursor) -> Layout:
    """Return the layout that a message describes."""
    version = cursor.number(1)
    if version != 3:
        raise Unusual(f"a layout of version {version}")
    kind = cursor.number(1)
    if kind == 0:
        return Layout(inside=cursor.take(cursor.number(2)))
    if kind == 1:
        return Layout(place=cursor.number(8), size=cursor.number(8))
    if kind == 2:
        rank = cursor.number(1)
        place = cursor.number(8)
        chunk = tuple(cursor.number(4) for _ in range(rank))
        return Layout(place=place, chunk=chunk)
    raise Damaged(f"it has an array of layout {kind}, such as a virtual one")


def filters(cursor: Cursor) -> tuple[str, ...]:
    """Return the names of an array's filters; raise for any but gzip, shuffle and lzf."""
    version, count = cursor.number(1), cursor.number(1)
    if version not in (1, 2):
        raise Unusual(f"filters of version {version}")
    if version == 1:
        cursor.take(6)
    return tuple(_filter(cursor, version) for _ in range(count))


def _filter(cursor: Cursor, version: int) -> str:
    number = cursor.number(2)
    name_size = cursor.number(2) if version == 1 or number >= 256 else 0
    cursor.take(2)
    values = cursor.number(2)
    cursor.take(name_size + (-name_size % 8 if version == 1 else 0))
    cursor.take(4 * (values + (values % 2 if version == 1 else 0)))
    return filter_name(number)


def filter_name(number: int) -> str:
    """Return the name of a filter that is read, or raise."""
    if number not in _FILTERS:
        name = _OTHER_FILTERS.get(number, "unknown")
        raise Damaged(
            f"it has an array behind the filter {number} ({name}); only gzip, shuffle and lzf are "
            "read"
        )
    return _FILTERS[number]


@dataclass(frozen=True, slots=True)
class Link:
    """A member of a group: its name, its object's address, its number in the order of creation."""

    name: str
    place: int
    order: int = 0


def link(cursor: Cursor) -> Link:
    """Return the link that a message describes; raise for one that leads elsewhere."""
    cursor.take(1)
    flags = cursor.number(1)
    kind = cursor.number(1) if flags & 8 else 0
    order = cursor.number(8) if flags & 4 else 0
    if flags & 16:
        cursor.take(1)
    name = name_of(cursor.take(cursor.number(1 << (flags & 3))))
    if kind:
        raise other_link(name, {1: "soft", 64: "external"}.get(kind, f"unknown ({kind})"))
    return Link(name, cursor.number(8), order)


def other_link(name: str, kind: str) -> Damaged:
    """Return the refusal of a link that is none of the ordinary kind."""
    return Damaged(f"its member {name!r} is a link of the {kind} kind, which may lead anywhere")


def name_of(data: bytes) -> str:
    """Return the name of a member or an attribute; raise for one that no file needs."""
    try:
        name = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise Damaged(f"it has a name that is not Unicode: {data[:60]!r}") from exc
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise Damaged(f"it has a member of the name {name[:60]!r}")
    return name
