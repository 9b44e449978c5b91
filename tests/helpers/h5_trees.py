"""An HDF5 file as data: every group, attribute and array, with how each is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np


def tree_of(path: Path) -> dict[str, Any]:
    """Return what a file holds, by path; an attribute's path has an '@'."""
    import h5py

    found: dict[str, Any] = {}
    with h5py.File(path, "r") as file:
        _add(file, "", found)
    return found


def _add(group: Any, path: str, found: dict[str, Any]) -> None:
    import h5py

    for name in group.attrs:
        found[f"{path}@{name}"] = _kind(group.attrs.get_id(name)), _value(group.attrs[name])
    for name, member in group.items():
        own = f"{path}/{name}"
        if isinstance(member, h5py.Group):
            found[own] = "group"
            _add(member, own, found)
        else:
            stored = member.chunks, member.compression, member.dtype.str, member.shape
            found[own] = stored, member[()].tolist()


def _kind(attribute: Any) -> tuple[Any, ...]:
    """Return how an attribute is stored: its type, its shape, and what kind of text it is."""
    import h5py

    own = attribute.get_type()
    text: tuple[Any, ...] = ()
    if own.get_class() == h5py.h5t.STRING:
        text = own.is_variable_str(), own.get_cset(), own.get_strpad()
        size = None if own.is_variable_str() else own.get_size()
        return (*text, size, attribute.shape)
    return (attribute.dtype.str, attribute.shape)


def _value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [one.decode() if isinstance(one, bytes) else one for one in value.tolist()]
    try:
        return json.loads(value)
    except ValueError:
        return value
