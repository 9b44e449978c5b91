"""A tree as a JSON text, and back: the channel from another process, which may be hostile."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from convdispatch.saving.hdf5_format.tree import BFLOAT16, Attribute, Damaged, Group, Piece, Place

_DTYPES = {f"{order}{kind}" for order in "<>" for kind in ("f2", "f4", "f8", "i2", "i4", "i8")}
_DTYPES |= {f"{order}u{size}" for order in "<>" for size in (2, 4, 8)}
_DTYPES |= {"|b1", "|i1", "|u1", BFLOAT16}
_FILTERS = {"gzip", "shuffle", "lzf"}


def written(root: Group) -> str:
    """Return a tree as a text."""
    return json.dumps(_group(root))


def _group(group: Group) -> list[Any]:
    return [
        group.attributes,
        {name: _group(inner) for name, inner in group.groups.items()},
        {name: _place(place) for name, place in group.arrays.items()},
    ]


def _place(place: Place) -> list[Any]:
    pieces = [[piece.origin, piece.place, piece.size, piece.skipped] for piece in place.pieces]
    inline = None if place.inline is None else base64.b64encode(place.inline).decode()
    return [place.shape, place.dtype, pieces, place.chunk, place.filters, inline]


def read_back(text: str) -> Group:
    """Return the tree of a text; raise `Damaged` unless it is one in each detail."""
    try:
        return _read_group(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error) as exc:
        raise Damaged(f"the process that read it gave an invalid answer: {exc}") from exc


def _read_group(found: Any) -> Group:
    attributes, groups, arrays = found
    return Group(
        {_text(name): _attribute(value) for name, value in attributes.items()},
        {_text(name): _read_group(inner) for name, inner in groups.items()},
        {_text(name): _read_place(place) for name, place in arrays.items()},
    )


def _read_place(found: Any) -> Place:
    shape, dtype, pieces, chunk, filters, inline = found
    if dtype not in _DTYPES or not set(filters) <= _FILTERS:
        raise ValueError(f"an array of the type {dtype!r} and the filters {filters!r}")
    return Place(
        _sizes(shape),
        dtype,
        tuple(
            Piece(_sizes(origin), *_sizes([place, size, skipped]))
            for origin, place, size, skipped in pieces
        ),
        None if chunk is None else _sizes(chunk),
        tuple(filters),
        None if inline is None else base64.b64decode(inline, validate=True),
    )


def _sizes(found: Any) -> tuple[int, ...]:
    for size in found:
        if type(size) is not int or not 0 <= size < 2**63:
            raise ValueError(f"a size of {size!r}")
    return tuple(found)


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError(f"a name {found!r}")
    return found


def _attribute(found: Any) -> Attribute:
    values = found if isinstance(found, list) else [found]
    for kinds in ((str,), (int, float, bool)):
        if all(isinstance(value, kinds) for value in values):
            return found  # type: ignore[no-any-return]  # checked just now
    raise TypeError(f"an attribute {found!r}")
