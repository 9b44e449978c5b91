"""The files of Keras 3 and tf_keras: `.keras`, a zip of JSON and weights, and `.weights.h5`.

The weights are in groups by the path of attributes from the model, 'layers/conv2d_1', each group
with 'vars', whose arrays are numbered. Keras numbers layers by their classes, not by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convdispatch.errors import InvalidDocument
from convdispatch.saving.archives import open_archive
from convdispatch.saving.checkpoint import Checkpoint, Dialect, StoredArray, StoredLayer
from convdispatch.saving.hdf5 import Hdf5File, open_hdf5
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.sources import Source
from convdispatch.support.documents import parsed

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_LAYERS = "layers"
_OLD_LAYERS = "_layer_checkpoint_dependencies"  # so Keras 2.13 called them
_OPTIMIZER = "optimizer"
_BESIDE = ("metrics", "loss")  # states of one epoch, which nobody goes on with


def is_weights_h5(file: Hdf5File) -> bool:
    """Return whether an HDF5 file is one of weights by paths."""
    return file.has_group(_LAYERS) or file.has_group(_OLD_LAYERS) or file.has_group("vars")


def read_weights_h5(file: Hdf5File) -> Checkpoint:
    """Return the content of a file of weights; Keras 3 says a layer's name, tf_keras does not."""
    layers, optimizer = _content(file)
    is_keras3 = any(layer.title is not None for layer in layers)
    return Checkpoint(
        format=f"{'Keras 3' if is_keras3 else 'tf_keras'} weights (.weights.h5)",
        dialect="keras3" if is_keras3 else "keras2",
        convention="tensorflow",
        layers=layers,
        optimizer=optimizer,
        naming="attributes",
    )


def read_keras(path: Path | Source, limits: FileLimits = DEFAULT_FILE_LIMITS) -> Checkpoint:
    """Return the content of a whole model, a `.keras` file."""
    archive = open_archive(path, limits)
    archive.require_only((CONFIG, METADATA, WEIGHTS), ("assets",))
    config = _document(archive.read(CONFIG), CONFIG, limits)
    metadata = _document(archive.read(METADATA), METADATA, limits)
    with open_hdf5(archive.source(WEIGHTS), limits) as file:
        layers, optimizer = _content(file)
    version = metadata.get("keras_version")
    is_old = str(version).startswith("2.")
    dialect: Dialect = "keras2" if is_old else "keras3"
    training = config.get("compile_config")
    return Checkpoint(
        format=f"{'tf_keras' if is_old else 'Keras 3'} model (.keras)",
        dialect=dialect,
        keras_version=None if version is None else str(version),
        convention="tensorflow",
        architecture={"keras_version": version}
        | {key: value for key, value in config.items() if key != "compile_config"},
        layers=layers,
        training=training if isinstance(training, dict) else None,
        optimizer=optimizer,
        metadata={key: str(value) for key, value in metadata.items()},
        naming="attributes",
    )


def _document(text: bytes, what: str, limits: FileLimits) -> dict[str, Any]:
    try:
        found = parsed(text.decode("utf-8"), limits.documents)
    except UnicodeDecodeError as exc:
        raise InvalidDocument(f"{what} is no text in UTF-8: {exc}.") from exc
    if not isinstance(found, dict):
        raise InvalidDocument(f"{what} must be a JSON object; received {type(found).__name__}.")
    return found


def _content(file: Hdf5File) -> tuple[tuple[StoredLayer, ...], tuple[StoredArray, ...]]:
    groups = list(_groups(file, ""))
    optimizer = next((one.arrays for one in groups if one.name == _OPTIMIZER), ())
    return tuple(one for one in groups if one.name != _OPTIMIZER), optimizer


def _groups(file: Hdf5File, path: str) -> Iterator[StoredLayer]:
    """Yield every group with numbered arrays, those inside of it after it."""
    for name in file.members(path):
        own = f"{path}/{name}" if path else name
        if not file.has_group(own) or own in _BESIDE:
            continue
        if name == "vars":
            yield _layer(file, path, own)
        else:
            yield from _groups(file, own)


def _layer(file: Hdf5File, path: str, group: str) -> StoredLayer:
    numbers = file.members(group)
    places = sorted(numbers, key=lambda name: (len(name), name))
    if places != [str(place) for place in range(len(places))]:
        raise InvalidDocument(
            f"{file.title} has arrays in {group!r} that are not numbered from 0: "
            f"{', '.join(map(repr, places[:5]))}."
        )
    arrays = tuple(file.array(f"{group}/{name}", f"{path}/{name}") for name in places)
    named = path.replace(_OLD_LAYERS, _LAYERS)
    return StoredLayer(named, arrays, title=file.text(group, "name"))
