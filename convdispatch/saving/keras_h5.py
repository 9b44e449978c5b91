"""Keras's HDF5 files: models and weights of Keras 1, 2, tf_keras and, as it calls them, legacy 3.

A whole model has its architecture in an attribute and its layers in the group 'model_weights'; a
file of weights has the layers at the top. Each layer is a group, which lists its arrays' names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from convdispatch.errors import InvalidDocument
from convdispatch.saving.checkpoint import Checkpoint, Dialect, StoredArray, StoredLayer
from convdispatch.saving.hdf5 import Hdf5File
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.whose_words import dialect_by_words
from convdispatch.support.documents import parsed

_DIALECTS: Mapping[str, Dialect] = {"1": "keras1", "2": "keras2", "3": "keras3"}
_TITLES = {"keras1": "Keras 1", "keras2": "Keras 2", "keras3": "Keras 3"}


def is_keras_h5(file: Hdf5File) -> bool:
    """Return whether an HDF5 file has the marks of Keras's."""
    return file.text("", "model_config") is not None or file.texts("", "layer_names") is not None


def read_keras_h5(file: Hdf5File, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Checkpoint:
    """Return the content of a model's file, or of one of weights."""
    config = file.text("", "model_config")
    training = file.text("", "training_config")
    group = "model_weights" if file.has_group("model_weights") else ""
    version = file.text("", "keras_version") or file.text(group, "keras_version")
    architecture = _document(config, "model_config", limits)
    layers = _layers(file, group)
    dialect, evidence = dialect_of(version), ""
    if version is None:
        names = (array.name for layer in layers for array in layer.arrays)
        dialect, evidence = dialect_by_words(architecture, names)
    kind = "weights" if config is None else "model"
    return Checkpoint(
        format=f"{_TITLES[dialect]} {kind} (.h5)",
        dialect=dialect,
        keras_version=version,
        convention=convention_of(file.text("", "backend") or file.text(group, "backend")),
        architecture=architecture,
        layers=layers,
        training=_document(training, "training_config", limits),
        optimizer=_arrays(file, "optimizer_weights"),
        evidence=evidence,
        is_told=version is not None or evidence != "",
    )


def dialect_of(version: str | None) -> Dialect:
    """Return whose words a file of that version has."""
    return _DIALECTS.get((version or "1").partition(".")[0], "keras3")


def convention_of(backend: str | None) -> Literal["theano", "tensorflow"] | None:
    """Return the convention of the backend that wrote a file, None if the file does not say it."""
    convention: Literal["theano", "tensorflow"] = "theano" if backend == "theano" else "tensorflow"
    return None if backend is None else convention


def _document(text: str | None, what: str, limits: FileLimits) -> Mapping[str, Any] | None:
    if text is None:
        return None
    found = parsed(text, limits.documents)
    if not isinstance(found, dict):
        raise InvalidDocument(f"`{what}` must be a JSON object; received {type(found).__name__}.")
    return found


def _layers(file: Hdf5File, group: str) -> tuple[StoredLayer, ...]:
    names = file.texts(group, "layer_names") or []
    return tuple(StoredLayer(name, _arrays(file, f"{group}/{name}")) for name in names)


def _arrays(file: Hdf5File, group: str) -> tuple[StoredArray, ...]:
    if not file.has_group(group):
        return ()
    names = file.texts(group, "weight_names") or []
    return tuple(file.array(f"{group}/{name}", name) for name in names)
