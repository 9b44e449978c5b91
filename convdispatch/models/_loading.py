"""A whole model from a file of any Keras."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidDocument
from convdispatch.models._entries import DOORS
from convdispatch.models._model import Model
from convdispatch.models._reading import model_of
from convdispatch.models._restoring import restore_weights
from convdispatch.models._sequential import Sequential
from convdispatch.runtime import selection
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.recognising import read_checkpoint

_HOMES = {
    "keras1": ("convdispatch.keras1.models", DOORS[1]),
    "keras2": ("convdispatch.keras2.models", DOORS[2]),
    "keras3": ("convdispatch.models", DOORS[0]),
}


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, type[Layer]] | None = None,
    compile: bool = True,  # noqa: A002 - Keras's name
    *,
    backend: str | None = None,
    limits: FileLimits = DEFAULT_FILE_LIMITS,
) -> Sequential | Model:
    """Make the model that a file of any Keras holds, with its weights.

    Raises `InvalidDocument` for another kind of file, and for one that does not fit together.
    """
    path = Path(filepath)
    checkpoint = read_checkpoint(path, limits=limits)
    if checkpoint.architecture is None:
        raise InvalidDocument(
            f"the file {str(path)!r} has weights alone: make the model, and call `load_weights`."
        )
    model = _model_in(checkpoint, custom_objects, backend, limits)
    restore_weights(model, checkpoint)
    return model


def _model_in(
    checkpoint: Checkpoint,
    custom_objects: Mapping[str, type[Layer]] | None,
    backend: str | None,
    limits: FileLimits,
) -> Sequential | Model:
    home, door = _HOMES[checkpoint.dialect]
    models = importlib.import_module(home)
    with selection.use_convention(checkpoint.convention or selection.convention()):
        return model_of(
            checkpoint.architecture,
            (models.Sequential, models.Model),
            custom_objects=custom_objects,
            backend=backend,
            door=door,
            limits=limits.documents,
        )
