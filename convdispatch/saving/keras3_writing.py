"""The files of Keras 3 and tf_keras: `.keras`, a zip, and `.weights.h5`; see `keras3`."""

from __future__ import annotations

import datetime
import json
import os
import zipfile
from collections.abc import Sequence
from typing import IO, Any

from convdispatch.saving.checkpoint import Checkpoint, StoredArray
from convdispatch.saving.hdf5_writing import new_hdf5, put_array

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_CHUNK = 2**18


def write_keras(stream: IO[bytes], checkpoint: Checkpoint) -> None:
    """Write a whole model."""
    config = dict(checkpoint.architecture or {})
    if checkpoint.training is not None:
        config["compile_config"] = dict(checkpoint.training)
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": checkpoint.keras_version, "date_saved": now}
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(config))
        with archive.open(WEIGHTS, "w", force_zip64=True) as member:
            start = stream.tell()
            write_weights(_Rest(stream, start), checkpoint)
            _put_what_is_there(stream, start, member)


def _put_what_is_there(stream: IO[bytes], start: int, member: IO[bytes]) -> None:
    """Write the bytes from a place on once more, as those of the member that is to have them.

    HDF5 goes back and forth, which a member does not allow; the member counts what it is given.
    """
    end = stream.seek(0, os.SEEK_END)
    for place in range(start, end, _CHUNK):
        stream.seek(place)
        data = stream.read(_CHUNK)
        stream.seek(place)
        member.write(data)


class _Rest:
    """The part of a stream from a place on, as a file of its own that HDF5 is written to."""

    def __init__(self, stream: IO[bytes], start: int) -> None:
        self._stream, self._start = stream, start

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; the end and the place itself are those of the whole stream."""
        moved = place + self._start if whence == os.SEEK_SET else place
        return self._stream.seek(moved, whence) - self._start

    def tell(self) -> int:
        """Return the place."""
        return self._stream.tell() - self._start

    def readinto(self, view: Any) -> int:
        """Fill the view with what is there."""
        whole: Any = self._stream
        count: int = whole.readinto(view)
        return count

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes."""
        return self._stream.read(size)

    def write(self, data: Any) -> int:
        """Write here."""
        return self._stream.write(data)

    def truncate(self, size: int) -> int:
        """End the stream after so many bytes."""
        return self._stream.truncate(size + self._start) - self._start

    def flush(self) -> None:
        """Write what is buffered."""
        self._stream.flush()


def write_weights(stream: IO[bytes] | _Rest, checkpoint: Checkpoint) -> None:
    """Write the weights of a model, and the state of its optimizer."""
    with new_hdf5(stream) as file:
        for layer in checkpoint.layers:
            _put_variables(file, layer.name, layer.arrays, layer.title)
        if checkpoint.optimizer:
            title = checkpoint.metadata.get("optimizer")
            _put_variables(file, "optimizer", checkpoint.optimizer, title)


def _put_variables(file: Any, path: str, arrays: Sequence[StoredArray], title: str | None) -> None:
    group = file.require_group(f"{path}/vars" if path else "vars")
    if title is not None:
        group.attrs["name"] = title
    for place, array in enumerate(arrays):
        put_array(group, str(place), array)
