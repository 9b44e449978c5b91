"""What a file's structure says: groups, attributes, and where the numbers of each array lie.

Whatever read the structure, the same checks follow, before a number is read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from convdispatch.saving.limits import FileLimits

# A text, several of them, or numbers.
Attribute = str | list[str] | int | float | list[int] | list[float]
BFLOAT16 = "bfloat16"  # which NumPy alone does not have
_MOST_RATIO = 1032  # of what deflate can do, and lzf less


class Damaged(Exception):  # noqa: N818 - named after what happened
    """The file is not what its format demands, or asks for what is refused."""


class Unusual(Exception):  # noqa: N818 - named after what happened
    """The file may be whole, but uses a part of the format that is not understood here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Stored bytes of an array: its `origin` in the array, and where they lie in the file.

    Bit `n` of `skipped` says that filter `n` was not applied.
    """

    origin: tuple[int, ...]
    place: int
    size: int
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """An array: in one piece without `chunk`, or in pieces of that shape; or its bytes `inline`.

    `dtype` is NumPy's word, or `BFLOAT16`. `filters` are 'shuffle', 'gzip' and 'lzf', in the order
    in which they were applied.
    """

    shape: tuple[int, ...]
    dtype: str
    pieces: tuple[Piece, ...] = ()
    chunk: tuple[int, ...] | None = None
    filters: tuple[str, ...] = ()
    inline: bytes | None = None

    @property
    def itemsize(self) -> int:
        """The bytes of one number."""
        return 2 if self.dtype == BFLOAT16 else int(self.dtype[2:])

    @property
    def nbytes(self) -> int:
        """The bytes of all numbers."""
        return math.prod(self.shape) * self.itemsize


@dataclass(slots=True)
class Group:
    """Names of attributes, groups and arrays, in the file's order."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    arrays: dict[str, Place] = field(default_factory=dict)


def all_arrays(group: Group, path: str = "") -> Iterator[tuple[str, Place]]:
    """Yield each array of a group and of those within, with its path."""
    for name, place in group.arrays.items():
        yield f"{path}{name}", place
    for name, inner in group.groups.items():
        yield from all_arrays(inner, f"{path}{name}/")


def require_sound(root: Group, file_size: int, limits: FileLimits) -> None:
    """Raise unless each array is stored as a whole, and all together are within the limit."""
    arrays = dict(all_arrays(root))
    total = sum(place.nbytes for place in arrays.values())
    limits.require("max_bytes", total, f"it declares arrays of {total:,} bytes")
    for path, place in arrays.items():
        _require_whole(path, place, file_size)
    _require_apart(arrays)


def _require_whole(path: str, place: Place, file_size: int) -> None:
    """Raise unless the pieces are what the shape needs, and within the file."""
    if len(place.shape) > 32:
        raise Damaged(f"the array {path!r} has {len(place.shape)} axes")
    if place.inline is not None:
        stored = len(place.inline)
    else:
        stored = sum(piece.size for piece in place.pieces)
        for piece in place.pieces:
            if piece.place < 0 or piece.size < 0 or piece.place + piece.size > file_size:
                raise Damaged(
                    f"the array {path!r} reaches beyond the file's {file_size:,} bytes: it is cut"
                )
    if place.chunk is not None and place.nbytes:
        _require_all_chunks(path, place, place.chunk)
    elif stored != place.nbytes:
        raise Damaged(
            f"the array {path!r} of shape {place.shape} declares {place.nbytes:,} bytes and stores "
            f"{stored:,}"
        )


def _require_all_chunks(path: str, place: Place, chunk: tuple[int, ...]) -> None:
    if len(chunk) != len(place.shape) or not all(chunk):
        raise Damaged(f"the array {path!r} of shape {place.shape} has chunks of shape {chunk}")
    unpacked = math.prod(chunk) * place.itemsize
    if unpacked > 2 * place.nbytes + 2**20:
        raise Damaged(
            f"the array {path!r} of {place.nbytes:,} bytes has a chunk of {unpacked:,} bytes"
        )
    counts = [-(-size // step) for size, step in zip(place.shape, chunk, strict=True)]
    origins = {piece.origin for piece in place.pieces}
    is_complete = len(origins) == len(place.pieces) == math.prod(counts) and all(
        len(origin) == len(chunk)
        and all(
            at % step == 0 and 0 <= at < size
            for at, step, size in zip(origin, chunk, place.shape, strict=True)
        )
        for origin in origins
    )
    if not is_complete:
        raise Damaged(
            f"the array {path!r} of shape {place.shape} needs {math.prod(counts):,} chunks and "
            f"stores {len(place.pieces):,}"
        )
    for piece in place.pieces:
        if piece.size * _MOST_RATIO + 1024 < unpacked:
            raise Damaged(
                f"a chunk of the array {path!r} declares {unpacked:,} bytes and stores "
                f"{piece.size:,}: more than any filter packs"
            )


def _require_apart(arrays: Mapping[str, Place]) -> None:
    """Raise if arrays share bytes of the file: a small file could seem to hold any number."""
    regions = sorted(
        (piece.place, piece.place + piece.size, path)
        for path, place in arrays.items()
        for piece in place.pieces
        if piece.size
    )
    for (_, end, one), (start, _, other) in itertools.pairwise(regions):
        if start < end:
            raise Damaged(f"the arrays {one!r} and {other!r} lie in the same bytes of the file")
