"""HDF5 files as Keras writes them: texts, lists of names, and arrays in groups.

What a list of names looks like tells the h5py of the time: strings of one length until Keras 2.2.4,
of any length since.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convdispatch.errors import InvalidArgument, PackageMissing, install_command
from convdispatch.saving.checkpoint import StoredArray

if TYPE_CHECKING:
    import h5py

# The most bytes of an attribute of HDF5; a longer list of names is written in parts.
_MOST = 64512


@contextlib.contextmanager
def new_hdf5(stream: Any) -> Iterator[h5py.File]:
    """Yield a new HDF5 file in a stream that can be read, too; it is whole at the end."""
    try:
        import h5py
    except ImportError as exc:
        raise PackageMissing(
            f"an HDF5 file is written by the package h5py. Run `{install_command('files')}`."
        ) from exc
    with h5py.File(stream, "w") as file:
        yield file


def put_text(group: Any, name: str, text: str) -> None:
    """Write an attribute as Keras does that encodes its texts."""
    import h5py

    group.attrs.create(name, text.encode("utf-8"), dtype=h5py.string_dtype("ascii"))


def put_names(group: Any, name: str, names: Sequence[str], *, fixed_length: bool) -> None:
    """Write an attribute that is a list of names, in parts where one would be too long."""
    import h5py

    encoded = np.asarray([one.encode("utf-8") for one in names])
    count = 1
    parts = [encoded]
    while any(part.nbytes > _MOST for part in parts):
        if count >= max(len(names), 1):
            raise InvalidArgument(
                f"a name in `{name}` of an HDF5 file may have at most {_MOST} bytes; received "
                f"one of {max(len(one) for one in names)}. Give a shorter name."
            )
        count += 1
        parts = np.array_split(encoded, count)
    dtype = None if fixed_length or not names else h5py.string_dtype("ascii")
    for place, part in enumerate(parts):
        own_name = name if count == 1 else f"{name}{place}"
        group.attrs.create(own_name, part if dtype is None else part.astype(object), dtype=dtype)


def put_array(group: Any, path: str, array: StoredArray) -> None:
    """Write an array; HDF5 has no bfloat16, whose numbers float32 has too."""
    value = array.read()
    group.create_dataset(path, data=value.astype("float32") if value.dtype.kind == "V" else value)
