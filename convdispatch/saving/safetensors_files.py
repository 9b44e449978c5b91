"""safetensors: arrays by path, with the model's architecture in the metadata.

The format is a JSON object and the bytes of arrays, simple enough to need no package for it, and
reading it runs no code.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from convdispatch.errors import InvalidDocument
from convdispatch.ops import NumpyArray
from convdispatch.saving.checkpoint import Checkpoint, StoredArray, StoredLayer
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.sources import Source, source_of
from convdispatch.support.documents import parsed, shown

FORMAT = "convdispatch"
_OPTIMIZER = "optimizer/"


def write_safetensors(stream: IO[bytes], checkpoint: Checkpoint) -> None:
    """Write a model, or without an architecture its weights, one array after the other."""
    arrays: dict[str, StoredArray] = {}
    order = []
    for layer in checkpoint.layers:
        names = [f"{layer.name}/{array.name}" for array in layer.arrays]
        order.append({"name": layer.name, "title": layer.title, "arrays": names})
        arrays |= zip(names, layer.arrays, strict=True)
    slots = [f"{_OPTIMIZER}{array.name}" for array in checkpoint.optimizer]
    arrays |= zip(slots, checkpoint.optimizer, strict=True)
    stated: dict[str, Any] = {
        "dialect": checkpoint.dialect,
        "keras_version": checkpoint.keras_version,
        "convention": checkpoint.convention,
        "architecture": checkpoint.architecture,
        "training": checkpoint.training,
        "layers": order,
        "optimizer": slots,
    }
    header = {"__metadata__": {"format": FORMAT, FORMAT: json.dumps(stated)}, **_entries(arrays)}
    text = json.dumps(header).encode("ascii")
    text += b" " * (-len(text) % 8)  # the arrays begin at a multiple of 8
    stream.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        stream.write(
            np.ascontiguousarray(array.read(), _stored_type(array)).reshape(-1).view("u1").data
        )


def _entries(arrays: Mapping[str, StoredArray]) -> dict[str, Any]:
    """Return the entries of the header: types, shapes and places."""
    found, place = {}, 0
    for name, array in arrays.items():
        dtype = _stored_type(array)
        end = place + math.prod(array.shape) * dtype.itemsize
        code = next(code for code, own in _TYPES.items() if own == dtype.name and code != "BF16")
        found[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": [place, end]}
        place = end
    return found


def _stored_type(array: StoredArray) -> np.dtype[Any]:
    """Return the type that an array has in the file, which has the numbers of bfloat16, too."""
    return np.dtype("float32" if array.dtype == "bfloat16" else array.dtype).newbyteorder("<")


# What a file may call an element type, and NumPy's name of it.
_TYPES: Mapping[str, str] = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "uint16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def is_safetensors(head: bytes) -> bool:
    """Return whether a file that begins so is one: a length of 8 bytes, then a JSON object."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**40


def read_safetensors(path: Path | Source, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Checkpoint:
    """Return the content of a file that `write_safetensors` wrote."""
    source = source_of(path)
    length = int.from_bytes(source.read(0, 8), "little")
    limits.require("text_bytes", length, f"{source.title} has a header of {length:,} bytes")
    try:
        header = parsed(source.read(8, length).decode("utf-8"), limits.documents)
    except UnicodeDecodeError as exc:
        raise InvalidDocument(f"the header of {source.title} is no text: {exc}.") from exc
    if not isinstance(header, dict):
        raise InvalidDocument(f"the header of {source.title} must be a JSON object.")
    body = source.part(8 + length, source.size - 8 - length, source.title)
    arrays = {
        name: _array(body, name, entry) for name, entry in header.items() if name != "__metadata__"
    }
    _require_apart(source.title, header)
    return _checkpoint(source.title, header.get("__metadata__"), arrays, limits)


def _require_apart(title: str, header: Mapping[str, Any]) -> None:
    """Raise if arrays share bytes: a small file could then seem to hold any number."""
    entries = [entry for name, entry in header.items() if name != "__metadata__"]
    regions = sorted(tuple(entry["data_offsets"]) for entry in entries)
    for (_, end), (start, _) in itertools.pairwise(one for one in regions if one[0] < one[1]):
        if start < end:
            raise InvalidDocument(f"{title} is refused: two of its arrays lie in the same bytes.")


def _array(body: Source, name: str, entry: Any) -> StoredArray:
    """Return an array that lies in the body, checked against its entry in the header."""
    try:
        dtype, shape = entry["dtype"], tuple(entry["shape"])
        first, last = entry["data_offsets"]
        is_whole = all(type(size) is int and size >= 0 for size in (*shape, first, last))
        wanted = math.prod(shape) * np.dtype(_TYPES[dtype]).itemsize
    except (KeyError, TypeError, ValueError) as exc:
        raise InvalidDocument(f"{shown(name)} in {body.title} has a wrong entry: {exc!r}.") from exc
    if not is_whole or last - first != wanted or last > body.size:
        raise InvalidDocument(
            f"{shown(name)} in {body.title} has the shape {shape} of {dtype}, which needs {wanted} "
            f"bytes, and lies from {first} to {last} of {body.size}."
        )
    own = "float32" if dtype == "BF16" else _TYPES[dtype]
    return StoredArray(name, shape, own, partial(_read, body, first, dtype, shape))


def _read(body: Source, start: int, dtype: str, shape: tuple[int, ...]) -> NumpyArray:
    found = np.empty(shape, _TYPES[dtype])
    if found.size:
        body.read_into(start, found.reshape(-1).view("uint8").data)
    if dtype == "BF16":  # the upper half of a float32
        return (found.astype("uint32") << 16).view("float32")
    return found


def _checkpoint(
    title: str, metadata: Any, arrays: Mapping[str, StoredArray], limits: FileLimits
) -> Checkpoint:
    stated = metadata.get(FORMAT) if isinstance(metadata, dict) else None
    if not isinstance(stated, str):
        found: dict[str, list[StoredArray]] = {}
        for name, array in arrays.items():
            found.setdefault(name.rpartition("/")[0], []).append(array)
        layers = tuple(StoredLayer(name, tuple(own)) for name, own in found.items())
        return Checkpoint(format="safetensors", dialect="keras3", layers=layers, naming="names")
    told: Any = parsed(stated, limits.documents)
    try:
        layers = tuple(
            StoredLayer(one["name"], tuple(arrays[name] for name in one["arrays"]), one["title"])
            for one in told["layers"]
        )
        optimizer = tuple(arrays[name] for name in told["optimizer"])
        return Checkpoint(
            format="safetensors of convdispatch",
            dialect=told["dialect"],
            keras_version=told["keras_version"],
            convention=told["convention"],
            architecture=told["architecture"],
            layers=layers,
            training=told["training"],
            optimizer=optimizer,
            naming="names",
        )
    except (KeyError, TypeError) as exc:
        raise InvalidDocument(
            f"the metadata of {title} is none that convdispatch wrote: {exc!r}."
        ) from exc
