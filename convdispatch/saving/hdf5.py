"""HDF5 files: the texts and the arrays of their groups, and nothing else.

No other module imports h5py to read. A file is opened for its attributes, and again when the first
array is read; it is closed when nothing refers to its arrays.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convdispatch.errors import InvalidDocument, PackageMissing, install_command
from convdispatch.ops import NumpyArray
from convdispatch.saving.checkpoint import StoredArray
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits

if TYPE_CHECKING:
    import h5py


@contextlib.contextmanager
def open_hdf5(source: Path | bytes, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Iterator[Hdf5File]:
    """Yield an HDF5 file, closed at the end; its arrays open it again where they are read."""
    file = Hdf5File(source, limits)
    try:
        yield file
    finally:
        file.close()


class Hdf5File:
    """Groups by path, '' the first one, with attributes, groups and arrays in them."""

    def __init__(self, source: Path | bytes, limits: FileLimits) -> None:
        self._source, self._limits = source, limits
        self._open: h5py.File | None = None

    @property
    def title(self) -> str:
        """What messages call the file."""
        return "the file" if isinstance(self._source, bytes) else f"the file {str(self._source)!r}"

    def close(self) -> None:
        """Close the file until an array is read."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def members(self, group: str = "") -> list[str]:
        """Return the names of the groups and arrays in a group."""
        return list(self._group(group))

    def has_group(self, path: str) -> bool:
        """Return whether there is a group of that path."""
        found = self._file().get(path or "/")
        return found is not None and hasattr(found, "keys")

    def number(self, group: str, name: str) -> int | None:
        """Return an attribute that is an integer, None if there is none of that name."""
        value = self._group(group).attrs.get(name)
        return None if value is None else int(value)

    def text(self, group: str, name: str) -> str | None:
        """Return an attribute that is a text, None if there is none of that name."""
        value = self._group(group).attrs.get(name)
        return None if value is None else _decoded(value)

    def texts(self, group: str, name: str) -> list[str] | None:
        """Return an attribute that is a list of texts, None if there is none of that name.

        Keras writes a long one as several: `layer_names0`, `layer_names1` and so on.
        """
        attributes = self._group(group).attrs
        if name in attributes:
            return [_decoded(one) for one in np.asarray(attributes[name]).ravel()]
        found: list[str] = []
        place = 0
        while f"{name}{place}" in attributes:
            found += [_decoded(one) for one in np.asarray(attributes[f"{name}{place}"]).ravel()]
            place += 1
        return found if place else None

    def array(self, path: str, name: str) -> StoredArray:
        """Return an array that is read when it is asked for, under the name that it is given."""
        found = self._file().get(path)
        if found is None or not hasattr(found, "shape"):
            raise InvalidDocument(f"{self.title} has no array {path!r}, which it lists.")
        return StoredArray(
            name=name,
            shape=tuple(found.shape),
            dtype=str(found.dtype),
            read=lambda: self._read(path),
        )

    def _read(self, path: str) -> NumpyArray:
        return np.asarray(self._file()[path][()])

    def _group(self, path: str) -> Any:
        found = self._file().get(path or "/")
        if found is None or not hasattr(found, "keys"):
            raise InvalidDocument(f"{self.title} has no group {path!r}.")
        return found

    def _file(self) -> Any:
        if self._open is None:
            try:
                import h5py
            except ImportError as exc:
                raise PackageMissing(
                    f"{self.title} is in HDF5, which needs the package h5py. Run "
                    f"`{install_command('files')}`."
                ) from exc
            given: Any = self._source
            try:
                self._open = h5py.File(io.BytesIO(given) if isinstance(given, bytes) else given)
            except OSError as exc:
                raise InvalidDocument(f"{self.title} is damaged: {exc}.") from exc
        return self._open


def _decoded(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
