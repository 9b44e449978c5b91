"""Arrays and plain values from the pickles in which data sets came, and nothing else of them.

A pickle may run any code where it is read. These find no name but those that NumPy's arrays need.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from convdispatch.errors import InvalidDocument

_ALLOWED = {
    (module, name)
    for names, modules in (
        ("_reconstruct scalar", ("numpy.core.multiarray", "numpy._core.multiarray")),
        ("ndarray dtype", ("numpy",)),
        ("encode", ("_codecs",)),
    )
    for module in modules
    for name in names.split()
}


class _Plain(pickle.Unpickler):
    """Reads arrays, numbers, texts and containers of them."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a name that arrays need; raise for any other."""
        if (module, name) not in _ALLOWED:
            raise InvalidDocument(
                f"the pickle asks for {module}.{name}; data sets hold arrays, numbers, texts, "
                "lists and dictionaries only. Nothing of it was run."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(stream: IO[bytes], encoding: str = "ASCII") -> Any:
    """Return what a pickle holds, if it is plain.

    >>> read_pickle(io.BytesIO(pickle.dumps([1, "a"])))
    [1, 'a']
    """
    try:
        return _Plain(stream, encoding=encoding).load()
    except (pickle.UnpicklingError, EOFError, UnicodeDecodeError, ValueError, KeyError) as exc:
        raise InvalidDocument(f"it is no pickle of plain values: {exc}") from exc


def read_arrays(path: Path, names: tuple[str, ...]) -> list[Any]:
    """Return arrays of an .npz file, also such whose cells are lists.

    Raises `InvalidDocument` for a file that does not hold them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [_read_array(archive.read(f"{name}.npy")) for name in names]
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as exc:
        raise InvalidDocument(
            f"the file {str(path)!r} must hold the arrays {', '.join(names)}: {exc}"
        ) from exc


def _read_array(data: bytes) -> Any:
    stream = io.BytesIO(data)
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        return np.asarray(read_pickle(stream, "latin1")).reshape(shape)
    return npy.read_array(io.BytesIO(data), allow_pickle=False)
