"""Which kind of file a file is, by what it holds, never by its name."""

from __future__ import annotations

from pathlib import Path

from convdispatch.errors import InvalidDocument
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.saving.hdf5 import open_hdf5
from convdispatch.saving.keras3 import is_weights_h5, read_keras, read_weights_h5
from convdispatch.saving.keras_h5 import is_keras_h5, read_keras_h5
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.safetensors_files import is_safetensors, read_safetensors

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_HEAD = 9  # bytes that tell the kind


def read_checkpoint(path: Path, *, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Checkpoint:
    """Return what a file of any Keras holds; arrays are read when they are asked for.

    Raises `InvalidDocument` for any other file, with what it is.
    """
    with open(path, "rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(_HDF5):
        with open_hdf5(path, limits) as file:
            if is_keras_h5(file):
                return read_keras_h5(file, limits)
            if is_weights_h5(file):
                return read_weights_h5(file)
    if head.startswith(_ZIP):
        return read_keras(path, limits)
    if is_safetensors(head):
        return read_safetensors(path, limits)
    raise InvalidDocument(f"the file {str(path)!r} is none of a model or of weights.")
