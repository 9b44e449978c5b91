"""The numbers of an array, read from their place straight into the array.

Packed chunks are unpacked here, never to more than their array needs.
"""

from __future__ import annotations

import itertools
import math
import zlib

import numpy as np

from convdispatch.ops import NumpyArray
from convdispatch.saving.hdf5_format.tree import BFLOAT16, Damaged, Piece, Place
from convdispatch.saving.sources import Source


def read_array(source: Source, place: Place) -> NumpyArray:
    """Return the numbers at a place; bfloat16 as float32, which holds the same numbers."""
    stored = np.dtype("<u2") if place.dtype == BFLOAT16 else np.dtype(place.dtype)
    array = np.empty(place.shape, stored)
    if not array.size:
        pass
    elif place.inline is not None:
        array.reshape(-1).view("u1")[:] = np.frombuffer(place.inline, "u1")
    elif place.chunk is None:
        source.read_into(place.pieces[0].place, _bytes_of(array))
    else:
        for piece in place.pieces:
            _read_chunk(source, place, piece, array)
    if place.dtype == BFLOAT16:
        return (array.astype("<u4") << 16).view("<f4")
    return array


def _bytes_of(array: NumpyArray) -> memoryview:
    return array.reshape(-1).view("u1").data


def _read_chunk(source: Source, place: Place, piece: Piece, array: NumpyArray) -> None:
    """Unpack a chunk into its part of the array; a chunk at the edge may reach beyond."""
    assert place.chunk is not None
    size = math.prod(place.chunk) * place.itemsize
    data = source.read(piece.place, piece.size)
    for number, name in reversed(list(enumerate(place.filters))):
        if piece.skipped >> number & 1:
            continue
        if name == "gzip":
            data = _ungzipped(data, size)
        elif name == "lzf":
            data = _unlzfed(data, size)
        else:
            data = _unshuffled(data, place.itemsize)
    if len(data) != size:
        raise Damaged(f"a chunk unpacks to {len(data):,} bytes instead of {size:,}")
    chunk = np.frombuffer(data, array.dtype).reshape(place.chunk)
    target = tuple(slice(at, at + step) for at, step in zip(piece.origin, place.chunk, strict=True))
    part = array[target]
    part[...] = chunk[tuple(slice(0, cells) for cells in part.shape)]


def _ungzipped(data: bytes, size: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, size + 1)
        found += unpacker.decompress(unpacker.unconsumed_tail, 1) if len(found) <= size else b""
    except zlib.error as exc:
        raise Damaged(f"a chunk is damaged: {exc}") from exc
    if len(found) > size or not unpacker.eof:
        raise Damaged(f"a chunk does not unpack to {size:,} bytes")
    return found


def _unlzfed(data: bytes, size: int) -> bytes:
    """Undo LibLZF: literal bytes, and copies of bytes that were written before."""
    found = bytearray()
    at, end = 0, len(data)
    try:
        while at < end and len(found) <= size:
            control = data[at]
            at += 1
            if control < 32:
                found += data[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[at]
                at += 1
            start = len(found) - ((control & 31) << 8) - data[at] - 1
            at += 1
            if start < 0:
                raise Damaged("a chunk is damaged: it repeats bytes before its beginning")
            found += _repeated(found[start : start + length + 2], length + 2)
    except IndexError as exc:
        raise Damaged("a chunk is damaged: it is cut") from exc
    return bytes(found[: size + 1])


def _repeated(pattern: bytearray, length: int) -> bytes:
    """Return so many bytes; a copy may overlap what it writes, and then repeats itself."""
    if len(pattern) == length:
        return bytes(pattern)
    return bytes(itertools.islice(itertools.cycle(pattern), length))


def _unshuffled(data: bytes, itemsize: int) -> bytes:
    """Undo the order of bytes by their place in a number; bytes at the end that fill none stay."""
    whole = len(data) // itemsize * itemsize
    planes = np.frombuffer(data[:whole], "u1").reshape(itemsize, -1)
    return planes.T.tobytes() + data[whole:]
