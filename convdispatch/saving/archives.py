"""Zip archives of unknown origin: members by their exact names, of the size that they declare.

The list of members is read and checked before any member is. A member that is only stored, as
Keras's weights are, is read where it lies. Nothing is ever unpacked to a path.
"""

from __future__ import annotations

import stat
import struct
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from convdispatch.errors import InvalidDocument
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.sources import Source, source_of, source_of_stream
from convdispatch.support.documents import shown

_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_LONGEST_COMMENT = 2**16 - 1
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_MOST_RATIO = 1032  # of what deflate can do
_CHUNK = 2**20
_IN_MEMORY = 2**24  # bytes of a compressed member; a larger one goes to a temporary file


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    flags: int
    method: int
    checksum: int
    stored: int
    size: int
    place: int  # of its local header
    mode: int


class Archive:
    """The members of a zip archive, checked; see `open_archive`."""

    def __init__(
        self, source: Source, members: Mapping[str, _Member], ends: int, limits: FileLimits
    ) -> None:
        self._source, self._members, self._ends, self._limits = source, members, ends, limits
        self.title = source.title

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members, folders left out."""
        return tuple(name for name in self._members if not name.endswith("/"))

    @property
    def size(self) -> int:
        """The bytes of all members, unpacked."""
        return sum(member.size for member in self._members.values())

    def require_only(self, known: Collection[str], folders: Collection[str] = ()) -> None:
        """Raise `InvalidDocument` for a member that is none of these, nor in such a folder."""
        for name in self._members:
            if name not in known and name.partition("/")[0] not in folders:
                raise InvalidDocument(
                    f"{self.title} has a member {shown(name)}, which such a file does not have; "
                    f"known members: {', '.join(sorted(known))}."
                )

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a member's bytes; raise `InvalidDocument` if missing, damaged or too large."""
        member = self._member(name)
        limit = self._limits.text_bytes if most is None else most
        if member.size > limit:
            raise InvalidDocument(
                f"{self._titled(name)} has {member.size:,} bytes; at most {limit:,} are read."
            )
        whole = b"".join(self._chunks(member))
        if zlib.crc32(whole) != member.checksum:
            raise InvalidDocument(f"{self._titled(name)} is damaged: its checksum is wrong.")
        return whole

    def source(self, name: str) -> Source:
        """Return a member's bytes to be read at any place, unpacked if they are compressed."""
        member = self._member(name)
        if member.method == _STORED:
            return self._stored(member)
        if member.size <= _IN_MEMORY:
            whole = self.read(name, _IN_MEMORY)
            return source_of(whole).part(0, len(whole), self._titled(name))
        stream = tempfile.TemporaryFile()  # noqa: SIM115 - the source closes it
        for chunk in self._chunks(member):
            stream.write(chunk)
        stream.flush()
        return source_of_stream(stream, self._titled(name))

    def _member(self, name: str) -> _Member:
        if name not in self._members:
            raise InvalidDocument(
                f"{self.title} has no member {name!r}; it has "
                f"{', '.join(shown(one) for one in self.names[:8]) or 'none'}."
            )
        return self._members[name]

    def _titled(self, name: str) -> str:
        return f"{name!r} in {self.title}"

    def _stored(self, member: _Member) -> Source:
        """Return the bytes of a member as they are stored, behind its local header."""
        head = self._source.read(member.place, 30)
        name_size, extra_size = struct.unpack_from("<HH", head, 26)
        name = self._source.read(member.place + 30, name_size)
        if not head.startswith(_LOCAL) or name != member.name.encode():
            raise InvalidDocument(
                f"{self._titled(member.name)} is listed where another member lies: {shown(name)}."
            )
        start = member.place + 30 + name_size + extra_size
        if start + member.stored > self._ends:
            raise InvalidDocument(f"{self._titled(member.name)} reaches beyond the archive.")
        return self._source.part(start, member.stored, self._titled(member.name))

    def _chunks(self, member: _Member) -> Iterator[bytes]:
        """Yield a member's bytes, never more than it declares."""
        stored = self._stored(member)
        pieces = (
            stored.read(place, min(_CHUNK, stored.size - place))
            for place in range(0, stored.size, _CHUNK)
        )
        if member.method == _STORED:
            yield from pieces
        else:
            yield from inflated(pieces, member.size, -zlib.MAX_WBITS, stored.title)


def inflated(pieces: Iterator[bytes], size: int, bits: int, title: str) -> Iterator[bytes]:
    """Yield what compressed pieces hold, in chunks; raise if it is not exactly so many bytes."""
    unpacker = zlib.decompressobj(bits)
    left = size
    try:
        for piece in pieces:
            while piece:
                chunk = unpacker.decompress(piece, min(_CHUNK, left + 1))
                left -= len(chunk)
                if left < 0:
                    raise InvalidDocument(
                        f"{title} unpacks to more than the {size:,} bytes stated."
                    )
                yield chunk
                piece = unpacker.unconsumed_tail
    except zlib.error as exc:
        raise InvalidDocument(f"{title} is damaged: {exc}.") from exc
    if left or not unpacker.eof:
        raise InvalidDocument(f"{title} unpacks to less than the {size:,} bytes stated.")


def open_archive(given: Path | bytes | Source, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Archive:
    """Return the members of a zip archive; raise `InvalidDocument` if any of them is unsafe."""
    source = source_of(given)
    place, size, count = _directory(source)
    limits.require("objects", count, f"{source.title} has {count:,} members")
    limits.require("text_bytes", size, f"{source.title} has a list of members of {size:,} bytes")
    members: dict[str, _Member] = {}
    for member in _entries(source.read(place, size), count, source.title):
        _require_safe(member, source.title)
        if member.name in members:
            raise InvalidDocument(f"{source.title} has two members {shown(member.name)}.")
        members[member.name] = member
    total = sum(member.size for member in members.values())
    limits.require("max_bytes", total, f"{source.title} would unpack to {total:,} bytes")
    if sum(member.stored for member in members.values()) > place:
        raise InvalidDocument(f"{source.title} has members that overlap: an archive bomb.")
    return Archive(source, members, place, limits)


def _directory(source: Source) -> tuple[int, int, int]:
    """Return the place and the size of the list of members, and their number."""
    tail_size = min(source.size, 22 + _LONGEST_COMMENT)
    start = source.size - tail_size
    tail = source.read(start, tail_size)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise InvalidDocument(
            f"{source.title} is not a whole zip archive: its end is missing. Copy or save it again."
        )
    _, disk, first, here, count, size, place, comment = struct.unpack_from("<4s4H2LH", tail, at)
    ends = start + at
    if len(tail) - at != 22 + comment or disk or first or here != count:
        raise InvalidDocument(f"{source.title} is not one whole zip archive: its end is damaged.")
    if 0xFFFF in (count, here) or 0xFFFFFFFF in (size, place):
        ends, count, size, place = _directory_64(source, ends)
    if place + size != ends:
        raise InvalidDocument(
            f"{source.title} is not one whole zip archive: bytes before or after its members are "
            "not of the archive."
        )
    return place, size, count


def _directory_64(source: Source, ends: int) -> tuple[int, int, int, int]:
    """Return where the list of a large archive ends, and its number, size and place."""
    locator = source.read(ends - 20, 20)
    if not locator.startswith(_LOCATOR_64):
        raise InvalidDocument(f"{source.title} is a damaged zip archive: its end is not found.")
    at = struct.unpack_from("<Q", locator, 8)[0]
    record = source.read(at, 56)
    if not record.startswith(_END_64):
        raise InvalidDocument(f"{source.title} is a damaged zip archive: its end is not found.")
    count, size, place = struct.unpack_from("<3Q", record, 32)
    return at, count, size, place


def _entries(data: bytes, count: int, title: str) -> Iterator[_Member]:
    """Yield the members that the list names."""
    at = 0
    for _ in range(count):
        if data[at : at + 4] != _ENTRY or len(data) - at < 46:
            raise InvalidDocument(f"{title} is a damaged zip archive: its list of members is cut.")
        numbers = struct.unpack_from("<4s6H3L5H2L", data, at)
        flags, method = numbers[3:5]
        checksum, stored, size = numbers[7:10]
        name_size, extra_size, comment_size = numbers[10:13]
        attributes, place = numbers[15:17]
        name = data[at + 46 : at + 46 + name_size]
        extra = data[at + 46 + name_size : at + 46 + name_size + extra_size]
        size, stored, place = _large(extra, size, stored, place)
        try:
            text = name.decode("utf-8")
        except UnicodeDecodeError as exc:
            raise InvalidDocument(
                f"{title} has a member of no Unicode name: {shown(name)}."
            ) from exc
        yield _Member(text, flags, method, checksum, stored, size, place, attributes >> 16)
        at += 46 + name_size + extra_size + comment_size
    if at != len(data):
        raise InvalidDocument(f"{title} is a damaged zip archive: its list of members is too long.")


def _large(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Replace each value of 2**32 - 1 by the number of 64 bits that the extra field has for it."""
    wide = b""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 1:
            wide = extra[4 : 4 + size]
        extra = extra[4 + size :]
    found = list(values)
    for index, value in enumerate(values):
        if value == 0xFFFFFFFF and len(wide) >= 8:
            found[index] = struct.unpack_from("<Q", wide)[0]
            wide = wide[8:]
    return found[0], found[1], found[2]


def _is_link(member: _Member) -> bool:
    return stat.S_ISLNK(member.mode)


def _leads_out(member: _Member) -> bool:
    parts = member.name.replace("\\", "/").split("/")
    return parts[0] == "" or ".." in parts or ":" in parts[0] or "\\" in member.name


# What no member may be, and how a message says it.
_UNSAFE: tuple[tuple[Callable[[_Member], bool], str], ...] = (
    (lambda member: not member.name.isprintable(), "has a name with control characters"),
    (_leads_out, "has a name that leads out of the archive"),
    (_is_link, "is a link"),
    (lambda member: bool(member.flags & _ENCRYPTED), "is encrypted"),
    (lambda member: member.method not in (_STORED, _DEFLATED), "is packed in an unknown way"),
    (
        lambda member: member.method == _STORED and member.size != member.stored,
        "has another size than is stored",
    ),
    (
        lambda member: member.size > member.stored * _MOST_RATIO + _CHUNK,
        "declares more bytes than can be packed in those stored: an archive bomb",
    ),
)


def _require_safe(member: _Member, title: str) -> None:
    for is_unsafe, words in _UNSAFE:
        if is_unsafe(member):
            raise InvalidDocument(f"{title} is refused: its member {shown(member.name)} {words}.")
