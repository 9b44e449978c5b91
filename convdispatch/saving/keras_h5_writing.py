"""Keras's HDF5 files, written as the Keras of that version writes them: see `keras_h5`.

Attribute by attribute they are those of Keras 1.2.2, Keras 2.2.4, tf_keras and Keras 3.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

from convdispatch.errors import InvalidArgument
from convdispatch.saving.checkpoint import Checkpoint, StoredArray
from convdispatch.saving.hdf5_writing import new_hdf5, put_array, put_names, put_text

_OLD = ("1.", "2.2.")  # versions whose h5py wrote names of one length


def write_keras_h5(stream: IO[bytes], checkpoint: Checkpoint) -> None:
    """Write a model's file, or without an architecture one of weights."""
    with new_hdf5(stream) as file:
        if checkpoint.dialect == "keras1":
            # Keras 1 neither wrote nor reads it, and its files do not say what trained them.
            put_text(file, "backend", checkpoint.metadata["backend"])
        if checkpoint.architecture is None:
            _put_layers(file, checkpoint)
            return
        version = checkpoint.keras_version or ""
        if _is_old(checkpoint):
            put_text(file, "keras_version", version)
            if checkpoint.dialect != "keras1":
                put_text(file, "backend", checkpoint.metadata["backend"])
        else:
            file.attrs["keras_version"] = version
            file.attrs["backend"] = checkpoint.metadata["backend"]
        put_text(file, "model_config", json.dumps(checkpoint.architecture))
        _put_layers(file.create_group("model_weights"), checkpoint)
        if checkpoint.training is not None:
            put_text(file, "training_config", json.dumps(checkpoint.training))
        if checkpoint.optimizer:
            group = file.create_group("optimizer_weights")
            _put_arrays(group, checkpoint.optimizer, fixed_length=_is_old(checkpoint))


def _is_old(checkpoint: Checkpoint) -> bool:
    return (checkpoint.keras_version or "").startswith(_OLD)


def _put_layers(group: Any, checkpoint: Checkpoint) -> None:
    is_old, layers = _is_old(checkpoint), checkpoint.layers
    put_names(group, "layer_names", [layer.name for layer in layers], fixed_length=is_old)
    if checkpoint.dialect != "keras1":
        put_text(group, "backend", checkpoint.metadata["backend"])
        put_text(group, "keras_version", checkpoint.keras_version or "")
    elif "layer_names0" in group.attrs:
        raise InvalidArgument(
            f"Keras 1 cannot read the names of {len(layers)} layers, which HDF5 keeps in parts. "
            "Give `dialect='keras2'`, or shorter names."
        )
    # In the order of the names: a group 'a/b' would be in the way of a later group 'a'.
    for layer in sorted(layers, key=lambda one: one.name):
        _put_arrays(group.require_group(layer.name), layer.arrays, fixed_length=is_old)
    if not is_old:
        _put_arrays(group.create_group("top_level_model_weights"), (), fixed_length=False)


def _put_arrays(group: Any, arrays: Sequence[StoredArray], *, fixed_length: bool) -> None:
    put_names(group, "weight_names", [one.name for one in arrays], fixed_length=fixed_length)
    for array in arrays:
        put_array(group, array.name, array)
