"""HDF5 files of unknown origin: the texts and the arrays of their groups, and nothing else.

The structure is read and checked as a whole before any number is. No file can crash or hang this
process: the format that Keras and h5py write is read in Python, and HDF5's own library, which reads
the rest of it, runs in a process of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from convdispatch.errors import InvalidDocument
from convdispatch.ops import NumpyArray
from convdispatch.saving.checkpoint import StoredArray
from convdispatch.saving.hdf5_format import apart
from convdispatch.saving.hdf5_format.arrays import read_array
from convdispatch.saving.hdf5_format.parsing import SIGNATURE, parsed_tree
from convdispatch.saving.hdf5_format.tree import (
    Attribute,
    Damaged,
    Group,
    Place,
    Unusual,
    require_sound,
)
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.sources import Source, source_of

_FIRST_USER_BLOCK = 512  # bytes; a longer one is twice as long, and so on


def hdf5_part(source: Source) -> Source | None:
    """Return the part of a file that is HDF5, None if there is none.

    The format lets other bytes come first, a user block: so many that HDF5's signature is at 512,
    1024, 2048 or a further power of two. Places in the file count from the signature.
    """
    place = 0
    while place + len(SIGNATURE) <= source.size:
        if source.read(place, len(SIGNATURE)) == SIGNATURE:
            return source.part(place, source.size - place, source.title)
        place = 2 * place or _FIRST_USER_BLOCK
    return None


@contextlib.contextmanager
def open_hdf5(
    given: Path | bytes | Source, limits: FileLimits = DEFAULT_FILE_LIMITS
) -> Iterator[Hdf5File]:
    """Yield an HDF5 file, whose structure is sound; its arrays can be read at any time.

    If it is untrusted, HDF5's own library reads the structure in a process of bounded memory and
    time. Raises `InvalidDocument`, which names the file, for everything that is refused.
    """
    whole = source_of(given)
    source = hdf5_part(whole) or whole
    with _named(source):
        root = (
            apart.tree_from_library(source, limits) if limits.untrusted else _tree(source, limits)
        )
        require_sound(root, source.size, limits)
    yield Hdf5File(source, root)


def _tree(source: Source, limits: FileLimits) -> Group:
    try:
        return parsed_tree(source, limits)
    except Unusual:
        return apart.tree_from_library(source, limits)


@contextlib.contextmanager
def _named(source: Source) -> Iterator[None]:
    """Begin each refusal of the block with the file's name."""
    try:
        yield
    except Damaged as exc:
        raise InvalidDocument(f"{source.title} is refused: {exc}.") from exc
    except InvalidDocument as exc:
        if str(exc).startswith(source.title):
            raise
        raise InvalidDocument(f"{source.title} is refused: {exc}") from exc


class Hdf5File:
    """Groups by path, '' the first one, with attributes, groups and arrays in them."""

    def __init__(self, source: Source, root: Group) -> None:
        self._source, self._root = source, root

    @property
    def title(self) -> str:
        """What messages call the file."""
        return self._source.title

    def members(self, group: str = "") -> list[str]:
        """Return the names of the groups and arrays in a group."""
        found = self._group(group)
        return sorted([*found.groups, *found.arrays])

    def groups(self, group: str = "") -> list[str]:
        """Return the names of the groups in a group, in the file's order."""
        return list(self._group(group).groups)

    def arrays(self, group: str = "") -> list[str]:
        """Return the names of the arrays in a group, in the file's order."""
        return list(self._group(group).arrays)

    def attributes(self, group: str = "") -> Mapping[str, Attribute]:
        """Return the attributes of a group; a '/' in a name is a '|' here."""
        return self._group(group).attributes

    def has_group(self, path: str) -> bool:
        """Return whether there is a group of that path."""
        return isinstance(self._find(path), Group)

    def has_array(self, path: str) -> bool:
        """Return whether there is an array of that path."""
        return isinstance(self._find(path), Place)

    def number(self, group: str, name: str) -> int | None:
        """Return an attribute that is an integer, None if there is none of that name."""
        value = self._attribute(group, name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self._other_kind(group, name, "an integer", value)

    def text(self, group: str, name: str) -> str | None:
        """Return an attribute that is a text, None if there is none of that name."""
        value = self._attribute(group, name)
        if value is None or isinstance(value, str):
            return value
        raise self._other_kind(group, name, "a text", value)

    def texts(self, group: str, name: str) -> list[str] | None:
        """Return an attribute that is a list of texts, None if there is none of that name.

        Keras writes a long one as several: `layer_names0`, `layer_names1` and so on.
        """
        if name in self._group(group).attributes:
            return self._texts(group, name)
        found: list[str] = []
        place = 0
        while f"{name}{place}" in self._group(group).attributes:
            found += self._texts(group, f"{name}{place}")
            place += 1
        return found if place else None

    def array(self, path: str, name: str) -> StoredArray:
        """Return an array that is read when it is asked for, under the name that it is given."""
        place = self._find(path)
        if not isinstance(place, Place):
            raise InvalidDocument(f"{self.title} has no array {path!r}, which it lists.")

        def read() -> NumpyArray:
            with _named(self._source):
                return read_array(self._source, place)

        dtype = place.dtype.lstrip("|<>=")
        return StoredArray(name=name, shape=place.shape, dtype=_WORDS.get(dtype, dtype), read=read)

    def _texts(self, group: str, name: str) -> list[str]:
        value = self._attribute(group, name)
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise self._other_kind(group, name, "a list of texts", value)
        return [str(one) for one in values]

    def _attribute(self, group: str, name: str) -> Attribute | None:
        return self._group(group).attributes.get(name)

    def _other_kind(self, group: str, name: str, kind: str, value: object) -> InvalidDocument:
        return InvalidDocument(
            f"{self.title}: the attribute {name!r} of {group or '/'!r} must be {kind}; it has a "
            f"{type(value).__name__}."
        )

    def _group(self, path: str) -> Group:
        found = self._find(path)
        if not isinstance(found, Group):
            raise InvalidDocument(f"{self.title} has no group {path!r}.")
        return found

    def _find(self, path: str) -> Group | Place | None:
        found: Group | Place | None = self._root
        for part in filter(None, path.split("/")):
            if not isinstance(found, Group):
                return None
            found = found.groups.get(part) or found.arrays.get(part)
        return found


# What `str(dtype)` says of the kinds of numbers that a file may have.
_WORDS = {
    **{f"f{size}": f"float{8 * size}" for size in (2, 4, 8)},
    **{f"i{size}": f"int{8 * size}" for size in (1, 2, 4, 8)},
    **{f"u{size}": f"uint{8 * size}" for size in (1, 2, 4, 8)},
    "b1": "bool",
}
