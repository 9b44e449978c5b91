"""NumPy's archives of arrays, as `save_weights` writes them: numbers alone, never objects.

NumPy's own reader evaluates a header's text as Python and raises whatever its parts raise.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO

import numpy as np

from convdispatch.errors import InvalidDocument
from convdispatch.ops import NumpyArray
from convdispatch.saving.archives import Archive
from convdispatch.saving.checkpoint import StoredArray
from convdispatch.saving.sources import Source
from convdispatch.support.documents import shown

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{'descr': '([<>|][fiub]\d)', 'fortran_order': (True|False), "
    r"'shape': \(([\d, ]*)\),? *\} *\n?"
)
_LONGEST_HEADER = 10_000
_KINDS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"}


def write_npz(stream: IO[bytes], arrays: Iterable[tuple[str, NumpyArray]]) -> None:
    """Write an archive that NumPy reads, array by array, without another copy of their numbers."""
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays:
            is_own = array.dtype.kind in "fiub" and array.dtype.name != "bfloat16"
            # A type of NumPy's own, which holds the same numbers.
            numbers = np.ascontiguousarray(array if is_own else array.astype("float32"))
            header = np.lib.format.header_data_from_array_1_0(numbers)
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, {**header, "shape": array.shape})
                member.write(numbers.reshape(-1).view("u1").data)


def arrays_of(archive: Archive) -> Mapping[str, StoredArray]:
    """Return the arrays of an archive by name, in the file's order; each is read when asked for.

    Raises `InvalidDocument` for every fault of the archive, and of an array's header.
    """
    found = {}
    for name in archive.names:
        if not name.endswith(".npy"):
            raise InvalidDocument(f"{archive.title} has a member {shown(name)} that is no array.")
        found[name.removesuffix(".npy")] = _stored(archive.source(name), name.removesuffix(".npy"))
    return found


def _stored(source: Source, name: str) -> StoredArray:
    """Return the array of a member, whose header is read and checked."""
    start = source.read(0, 10)
    width = 2 if start[6] == 1 else 4
    if not start.startswith(_MAGIC) or start[6] not in (1, 2, 3):
        raise InvalidDocument(f"{source.title} is not an array: its header is wrong.")
    size = int.from_bytes(source.read(8, width), "little")
    if size > _LONGEST_HEADER:
        raise InvalidDocument(f"{source.title} has a header of {size:,} bytes.")
    header = source.read(8 + width, size).decode("latin-1")
    told = _HEADER.fullmatch(header)
    if told is None or told[1][1:] not in _KINDS:
        raise InvalidDocument(
            f"{source.title} is no array of numbers: its header says {shown(header.strip())}."
        )
    shape = tuple(int(size) for size in told[3].replace(" ", "").split(",") if size)
    if len(shape) > 32 or any(size >= 2**63 for size in shape):
        raise InvalidDocument(f"{source.title} has the shape {shown(shape)}.")
    dtype, place = np.dtype(told[1]), 8 + width + size
    wanted = math.prod(shape) * dtype.itemsize
    if source.size - place != wanted:
        raise InvalidDocument(
            f"{source.title} has the shape {shape} of {dtype}, which needs {wanted:,} bytes, and "
            f"stores {source.size - place:,}."
        )
    is_transposed = told[2] == "True"

    def read() -> NumpyArray:
        array = np.empty(shape[::-1] if is_transposed else shape, dtype)
        if array.size:
            source.read_into(place, array.reshape(-1).view("u1").data)
        return array.T if is_transposed else array

    return StoredArray(name, shape, str(dtype.newbyteorder("=")), read)
