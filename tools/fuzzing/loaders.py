"""The loaders, each as a function of bytes, and the real files that each begins with.

A loader reads all that a file holds: the structure, the documents and every array.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convdispatch import keras1
from convdispatch.models import load_model, model_from_json
from convdispatch.models.files import weight_files
from convdispatch.saving.archives import open_archive
from convdispatch.saving.checkpoint import Checkpoint, StoredArray
from convdispatch.saving.hdf5 import Hdf5File, open_hdf5
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.recognising import read_checkpoint
from convdispatch.support.documents import DocumentLimits
from fuzzing.apart import Library

LIMITS = FileLimits(
    max_bytes=2**24,
    text_bytes=2**22,
    objects=100_000,
    documents=DocumentLimits(values=100_000, parameters=2**20),
)
LIBRARY = Library()
LARGEST = 60_000  # bytes of a file to begin with: smaller ones are tried more often


@dataclass(frozen=True, slots=True)
class Loader:
    """What is run, and the names of the files that it begins with."""

    run: Callable[[bytes], None]
    patterns: tuple[str, ...]


def _hdf5(data: bytes) -> None:
    with open_hdf5(data, LIMITS) as file:
        for array in _arrays_of(file, ""):
            array.read()


def _arrays_of(file: Hdf5File, path: str) -> Iterator[StoredArray]:
    for name in file.arrays(path):
        yield file.array(f"{path}/{name}", name)
    for name in file.groups(path):
        yield from _arrays_of(file, f"{path}/{name}")


def _library(data: bytes) -> None:
    """Let HDF5's own library read the structure, whatever the file."""
    with LIBRARY.in_place(), open_hdf5(data, LIMITS.of(True)) as file:
        for array in _arrays_of(file, ""):
            array.read()


def _archive(data: bytes) -> None:
    archive = open_archive(data, LIMITS)
    for name in archive.names:
        source = archive.source(name)
        source.read(0, source.size)
        archive.read(name)


def _as_a_file(data: bytes) -> None:
    """Recognise the file, and read what it is."""
    _write(data)
    read_all(read_checkpoint(_PATH, limits=LIMITS))


def read_all(checkpoint: Checkpoint) -> None:
    """Read every array of a checkpoint."""
    for layer in checkpoint.layers:
        for array in layer.arrays:
            _require_as_stated(array)
    for array in checkpoint.optimizer:
        _require_as_stated(array)


def _require_as_stated(array: StoredArray) -> None:
    found = array.read()
    if found.shape != array.shape:
        raise AssertionError(f"{array.name} states {array.shape} and has {found.shape}")


def _npz(data: bytes) -> None:
    _write(data)
    weight_files._arrays(_PATH, 2**20)


def _json(data: bytes) -> None:
    model_from_json(data.decode("utf-8", "replace"), backend="numpy", limits=LIMITS.documents)


def _yaml(data: bytes) -> None:
    keras1.models.model_from_yaml(data.decode("utf-8", "replace"))


def _model(data: bytes) -> None:
    """Make the model that the file holds."""
    _write(data)
    load_model(_PATH, backend="numpy", limits=LIMITS)


def _memory_folder() -> str | None:
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


_FOLDER = tempfile.TemporaryDirectory(dir=_memory_folder())
_PATH = Path(_FOLDER.name) / "file"


def _write(data: bytes) -> None:
    _PATH.write_bytes(data)


LOADERS = {
    "keras-h5": Loader(_as_a_file, ("keras1*/*.h5", "keras2*/*.h5", "keras3/*.h5", "tf*/*.h5")),
    "weights-h5": Loader(_as_a_file, ("*/*.weights.h5",)),
    "library": Loader(_library, ("*/*.h5", "made/*.hdf5")),
    "hdf5": Loader(_hdf5, ("*/*.h5", "made/*.hdf5")),
    "keras": Loader(_as_a_file, ("*/*.keras",)),
    "archive": Loader(_archive, ("*/*.keras", "*/*.npz", "made/*.zip")),
    "safetensors": Loader(_as_a_file, ("made/*.safetensors",)),
    "recognising": Loader(_as_a_file, ("*/*",)),
    "model": Loader(_model, ("*/*.h5", "*/*.keras")),
    "yaml": Loader(_yaml, ("made/*.yaml",)),
    "json": Loader(_json, ("*/*.json",)),
    "npz": Loader(_npz, ("*/*.npz",)),
}


def corpus(loader: Loader, folder: Path) -> list[bytes]:
    """Return the real files that a loader begins with, small ones first."""
    found = {path for pattern in loader.patterns for path in folder.glob(pattern) if path.is_file()}
    data = [path.read_bytes() for path in sorted(found)]
    data += [made for name, made in _made().items() if _fits(name, loader)]
    kept = sorted((one for one in data if len(one) <= LARGEST), key=len)
    if not kept:
        raise SystemExit(f"no file of {', '.join(loader.patterns)} in {folder}")
    return kept


def _fits(name: str, loader: Loader) -> bool:
    return any(
        pattern.endswith(Path(name).suffix) or pattern == "*/*" for pattern in loader.patterns
    )


def _made() -> dict[str, bytes]:
    """Return small files of the kinds that no Keras wrote."""
    numbers = np.arange(12, dtype="<f4")
    header = b'{"a":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]},"__metadata__":{"x":"y"}}'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}" * 100)
        archive.writestr("a/b.npy", bytes(1000))
    return {
        "a.yaml": _YAML.encode(),
        "a.safetensors": len(header).to_bytes(8, "little") + header + numbers.tobytes(),
        "a.zip": packed.getvalue(),
        "a.hdf5": _chunked(numbers.reshape(3, 4)),
    }


_YAML = """class_name: Sequential
config:
- class_name: Dense
  config: {activation: linear, batch_input_shape: !!python/tuple [null, 3], name: d,
    output_dim: 2, init: 'glorot_uniform', bias: true}
- class_name: Activation
  config:
    name: "act\\u0061"
    activation: relu
keras_version: 1.2.2
"""


def _chunked(numbers: np.ndarray) -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w", libver=("earliest", "v108")) as file:
        file.create_dataset("g", data=numbers, chunks=(2, 2), compression="gzip", shuffle=True)
        file.create_dataset("l", data=numbers, chunks=(2, 2), compression="lzf")
        for index in range(12):
            file.attrs[f"a{index}"] = f"text {index}"
            file.create_group(f"group {index}")
    return stream.getvalue()
