"""The files of Keras 3 and tf_keras: `.keras`, a zip, and `.weights.h5`; see `keras3`."""

from __future__ import annotations

import datetime
import json
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from typing import IO, Any

from convdispatch.saving.checkpoint import Checkpoint, StoredArray
from convdispatch.saving.hdf5_writing import new_hdf5, put_array

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_IN_MEMORY = 2**24  # bytes of weights; more go through a temporary file


def write_keras(stream: IO[bytes], checkpoint: Checkpoint) -> None:
    """Write a whole model."""
    config = dict(checkpoint.architecture or {})
    if checkpoint.training is not None:
        config["compile_config"] = dict(checkpoint.training)
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": checkpoint.keras_version, "date_saved": now}
    with zipfile.ZipFile(stream, "w") as archive, tempfile.SpooledTemporaryFile(_IN_MEMORY) as made:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(config))
        weights: Any = made
        write_weights(weights, checkpoint)  # HDF5 goes back and forth, which no zip allows
        weights.seek(0)
        with archive.open(WEIGHTS, "w", force_zip64=True) as member:
            shutil.copyfileobj(weights, member, 2**20)


def write_weights(stream: IO[bytes], checkpoint: Checkpoint) -> None:
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
