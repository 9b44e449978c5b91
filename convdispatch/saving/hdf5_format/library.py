"""HDF5's own library reads a file's structure: only ever in a process of its own.

Run as a program, it reads the file that is its standard input, under limits of memory, time and
output that it cannot raise again, and writes the tree, or why there is none. See `apart`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from convdispatch.saving.hdf5_format.blocks import Cursor
from convdispatch.saving.hdf5_format.messages import (
    TextType,
    element_type,
    filter_name,
    name_of,
    other_link,
)
from convdispatch.saving.hdf5_format.passing import written
from convdispatch.saving.hdf5_format.tree import BFLOAT16, Attribute, Damaged, Group, Piece, Place
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.sources import Source

_CLASSES = {h5py.h5t.COMPOUND: 6, h5py.h5t.REFERENCE: 7, h5py.h5t.ARRAY: 10, h5py.h5t.TIME: 2}


class _Stream:
    """A source as the file object that h5py reads."""

    def __init__(self, source: Source) -> None:
        self._source, self._at = source, 0

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        self._at = place + {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence, self._source.size)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, view: memoryview) -> int:
        self._source.read_into(self._at, view)
        self._at += view.nbytes
        return view.nbytes

    def read(self, size: int = -1) -> bytes:
        raise OSError("read in whole")

    def write(self, data: object) -> int:
        raise OSError("only read")

    def flush(self) -> None:
        """Do nothing: nothing is written."""


def library_tree(source: Source, limits: FileLimits) -> Group:
    """Return the structure of an HDF5 file as its library sees it."""
    with h5py.File(_Stream(source), "r") as file:
        if file.id.get_create_plist().get_userblock():
            raise Damaged("other bytes are before its beginning")
        return _Walk(limits).group(file.id, 1)


class _Walk:
    """Visits each object once."""

    def __init__(self, limits: FileLimits) -> None:
        self._limits = limits
        self._seen: set[Any] = set()

    def group(self, group: Any, depth: int) -> Group:
        """Return a group with all that is in it."""
        self._limits.require("depth", depth, f"it has groups within each other, {depth:,} deep")
        self._enter(group)
        found = Group(attributes=_attributes(group))
        for name in _names(group):
            member = self._member(group, name)
            title = name_of(name)
            if isinstance(member, h5py.h5g.GroupID):
                found.groups[title] = self.group(member, depth + 1)
            elif isinstance(member, h5py.h5d.DatasetID):
                self._enter(member)
                found.arrays[title] = _place(member, self._limits)
            else:
                raise Damaged("it has an object that is neither a group nor an array")
        return found

    def _member(self, group: Any, name: bytes) -> Any:
        kind = group.links.get_info(name).type
        if kind != h5py.h5l.TYPE_HARD:
            words = {h5py.h5l.TYPE_SOFT: "soft", h5py.h5l.TYPE_EXTERNAL: "external"}
            raise other_link(name_of(name), words.get(kind, "unknown"))
        return h5py.h5o.open(group, name)

    def _enter(self, item: Any) -> None:
        info = h5py.h5o.get_info(item)
        if info.addr in self._seen:
            raise Damaged("it has an object of two names (hard links), or a loop of them")
        self._seen.add(info.addr)
        self._limits.require("objects", len(self._seen), f"it has {len(self._seen):,} objects")


def _names(group: Any) -> list[bytes]:
    order = group.get_create_plist().get_link_creation_order()
    is_ordered = bool(order & h5py.h5p.CRT_ORDER_TRACKED)
    names: list[bytes] = []
    kind = h5py.h5.INDEX_CRT_ORDER if is_ordered else h5py.h5.INDEX_NAME
    group.links.iterate(names.append, idx_type=kind)
    return names


def _attributes(item: Any) -> dict[str, Attribute]:
    names: list[bytes] = []
    h5py.h5a.iterate(item, names.append, index_type=h5py.h5.INDEX_NAME)
    return {
        name_of(name.replace(b"/", b"|")): _attribute(h5py.h5a.open(item, name)) for name in names
    }


def _attribute(attribute: Any) -> Attribute:
    kind = _element_type(attribute.get_type())
    space = attribute.get_space()
    if space.get_simple_extent_type() == h5py.h5s.NULL or len(attribute.shape) > 1:
        raise Damaged("it has an attribute of an unknown shape")
    if isinstance(kind, int) or kind == BFLOAT16:
        raise Damaged("it has an attribute of neither texts nor numbers")
    value = np.empty(attribute.shape, attribute.dtype)
    attribute.read(value, mtype=h5py.h5t.py_create(attribute.dtype))
    if not isinstance(kind, TextType):
        return value.tolist()  # type: ignore[no-any-return]  # numbers, or one
    texts = [_text(one) for one in value.reshape(-1).tolist()]
    return texts if attribute.shape else texts[0]


def _text(found: Any) -> str:
    data = found.encode("utf-8", "surrogateescape") if isinstance(found, str) else found or b""
    try:
        return str(data.rstrip(b"\0").decode("utf-8"))
    except UnicodeDecodeError as exc:
        raise Damaged("it has an attribute that is not a text in UTF-8") from exc


def _element_type(kind: Any) -> Any:
    """Return the element type by its description in the file's own form."""
    if kind.get_class() in _CLASSES:  # whose description names others
        return element_type(Cursor(bytes([0x10 | _CLASSES[kind.get_class()], *[0] * 7])))
    if kind.committed():
        raise Damaged("it has an element type with a name of its own")
    return element_type(Cursor(kind.encode()[2:]))  # behind two bytes of the encoding's own


def _place(dataset: Any, limits: FileLimits) -> Place:
    kind = _element_type(dataset.get_type())
    plan = dataset.get_create_plist()
    if isinstance(kind, TextType) or dataset.get_space().get_simple_extent_type() == h5py.h5s.NULL:
        raise Damaged("it has an array of texts (objects), where only numbers are read")
    if isinstance(kind, int):
        if _attributes(dataset).get("dtype") != BFLOAT16:
            raise Damaged("it has an array of opaque cells, where only numbers are read")
        kind = BFLOAT16
    if plan.get_external_count():
        raise Damaged("it has an array in another file (external storage)")
    names = tuple(filter_name(plan.get_filter(n)[0]) for n in range(plan.get_nfilters()))
    shape = tuple(dataset.shape)
    layout = plan.get_layout()
    if layout == h5py.h5d.CHUNKED:
        pieces: list[Piece] = []
        for at in _chunks(dataset, limits):
            pieces.append(Piece(tuple(at.chunk_offset), at.byte_offset, at.size, at.filter_mask))
        return Place(shape, kind, tuple(pieces), tuple(plan.get_chunk()), names)
    if layout == h5py.h5d.CONTIGUOUS:
        start, size = dataset.get_offset(), dataset.get_storage_size()
        return Place(shape, kind, () if start is None else (Piece((), start, size),))
    if layout == h5py.h5d.COMPACT:
        found = np.empty(shape, dataset.dtype)
        dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, found, mtype=dataset.get_type())
        return Place(shape, kind, inline=found.tobytes())
    raise Damaged("it has a virtual array, made of other files")


def _chunks(dataset: Any, limits: FileLimits) -> Iterator[Any]:
    found: list[Any] = []
    limits.require("objects", dataset.get_num_chunks(), "it has an array of too many chunks")
    dataset.chunk_iter(found.append)
    yield from found


def answer(source: Source, limits: FileLimits) -> dict[str, str]:
    """Return the tree as a text, or why there is none."""
    try:
        return {"tree": written(library_tree(source, limits))}
    except Damaged as exc:
        return {"damaged": str(exc)}
    except Exception as exc:  # noqa: BLE001 - h5py raises any kind for a damaged file
        return {"damaged": f"HDF5's library refuses it: {type(exc).__name__}: {str(exc)[:300]}"}


def _main(start: str, size: str, memory: str, seconds: str, output: str, limits: str) -> None:
    """Read the part of standard input, and write what it is."""
    with contextlib.suppress(ImportError):
        import resource

        # From here on: what was imported is not the file's.
        with open("/proc/self/statm", encoding="ascii") as stream:
            taken = int(stream.read().split()[0]) * resource.getpagesize()
        for kind, most in (
            (resource.RLIMIT_AS, taken + int(memory)),
            (resource.RLIMIT_FSIZE, int(output)),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(kind, (most, most))
        # The signal of the lower limit tells that it was time which was lacking.
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    source = _standard_input().part(int(start), int(size), "the file")
    sys.stdout.write(json.dumps(answer(source, FileLimits(**json.loads(limits)))))


def _standard_input() -> Source:
    from convdispatch.saving.sources import source_of_stream

    return source_of_stream(open(0, "rb", buffering=0, closefd=False), "the file")


if __name__ == "__main__":
    _main(*sys.argv[1:])
