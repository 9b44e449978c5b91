"""A whole model from a file of any Keras."""

from __future__ import annotations

import contextlib
import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.undrawn import without_weights
from convdispatch.errors import InvalidDocument
from convdispatch.models._custom_objects import with_objects
from convdispatch.models._entries import DOORS
from convdispatch.models._model import Model
from convdispatch.models._reading import Classes, model_of
from convdispatch.models._sequential import Sequential
from convdispatch.models.files import unsaid
from convdispatch.models.files.compiling import compile_as_stored
from convdispatch.models.files.tf_keras import train_as_tf_keras
from convdispatch.models.files.versions import is_of_tf_keras
from convdispatch.models.files.weight_loading import fill_weights, origin_of
from convdispatch.runtime import selection
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.recognising import read_checkpoint
from convdispatch.support.documents import DocumentLimits

_HOMES = {
    "keras1": ("convdispatch.keras1.models", DOORS[1]),
    "keras2": ("convdispatch.keras2.models", DOORS[2]),
    "keras3": ("convdispatch.models", DOORS[0]),
}


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 - Keras's name
    *,
    trained_on: str | None = None,
    dim_ordering: str | None = None,
    backend: str | None = None,
    limits: FileLimits = DEFAULT_FILE_LIMITS,
    untrusted: bool = False,
) -> Sequential | Model:
    """Make the model that a file of any Keras holds, with its weights.

    `custom_objects` has the layer classes and functions of your own that the file names. With
    `compile`, a model that was compiled is compiled again and trains on from where it was.
    `trained_on` ('theano' or 'tensorflow') and `dim_ordering` ('th' or 'tf') say what Keras 1 did
    not write into its files; without them a warning says what is assumed.

    Raises `InvalidDocument` for another kind of file, and for one that does not fit together.
    """
    wishes = Wishes(
        custom_objects=custom_objects or {},
        compiles=as_bool(compile, "compile"),
        trained_on=trained_on,
        dim_ordering=dim_ordering,
        backend=backend,
        limits=limits.of(untrusted),
    )
    return load_as(None, filepath, wishes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a user says of a model's file, and of how to load it; see `load_model`."""

    custom_objects: Mapping[str, Any] = field(default_factory=dict)
    compiles: bool = True
    trained_on: str | None = None
    dim_ordering: str | None = None
    backend: str | None = None
    limits: FileLimits = DEFAULT_FILE_LIMITS


def load_as(classes: Classes | None, filepath: Any, wishes: Wishes) -> Sequential | Model:
    """Make the model that a file holds, of these classes; None: of the Keras that wrote it."""
    path = Path(filepath)
    title = f"the file {str(path)!r}"
    with _naming(title):
        checkpoint = read_checkpoint(path, limits=wishes.limits)
        return restored(checkpoint, title, classes, wishes)


@contextlib.contextmanager
def _naming(title: str) -> Iterator[None]:
    """Begin the refusal of a document, which does not know where it is from, with the file."""
    try:
        yield
    except InvalidDocument as exc:
        if title in str(exc):
            raise
        raise InvalidDocument(f"{title}: {exc}") from exc


def restored(
    checkpoint: Checkpoint, title: str, classes: Classes | None, wishes: Wishes
) -> Sequential | Model:
    """Return the model of a checkpoint, which messages call `title`."""
    said = unsaid.as_convention(wishes.trained_on)
    said_ordering = unsaid.as_ordering(wishes.dim_ordering)
    document: Any = checkpoint.architecture
    if document is None:
        raise InvalidDocument(
            f"{title} is a {checkpoint.format}: it has weights and no architecture. Make the model "
            "of its layers, and call `model.load_weights` with this file."
        )
    if not checkpoint.layers:
        raise InvalidDocument(
            f"{title} is a {checkpoint.format}: it has an architecture and no weights. "
            "`model_from_json` makes the model, and `model.load_weights` reads weights."
        )
    unsaid.warn_of_words(checkpoint.dialect, checkpoint, title)
    convention = unsaid.convention_for(document, checkpoint.convention, said, title)
    if checkpoint.dialect == "keras1":
        lacking = unsaid.without_ordering(document)
        ordering = unsaid.ordering_for(document, said_ordering)
        unsaid.warn_of_ordering(ordering, lacking, title)
        document = unsaid.with_ordering(document, lacking, ordering.value)
        document = unsaid.with_shared_axes(document, checkpoint)
    document = unsaid.with_ways(document, checkpoint.keras_version)
    own = wishes.custom_objects
    with selection.use_convention(convention.value), without_weights():
        model = model_of(
            with_objects(document, own),
            classes or classes_of(checkpoint),
            custom_objects=own,
            backend=wishes.backend,
            door=door_of(checkpoint),
            limits=_limits(checkpoint, wishes.limits.documents),
        )
        if is_of_tf_keras(checkpoint.keras_version):
            train_as_tf_keras(model)
        model.ensure_built("load_model")
    unsaid.warn_of_convention(convention, model._layers, title)
    fill_weights(model, checkpoint, origin_of(checkpoint, convention=convention.value), title)
    if wishes.compiles:
        compile_as_stored(model, checkpoint, own, title)
    return model


def classes_of(checkpoint: Checkpoint) -> Classes:
    """Return the classes of models of the Keras that wrote a file."""
    home = _HOMES["keras3" if is_of_tf_keras(checkpoint.keras_version) else checkpoint.dialect][0]
    models = importlib.import_module(home)
    return models.Sequential, models.Model


def door_of(checkpoint: Checkpoint) -> str:
    """Return the module of the layers of the Keras that wrote a file."""
    return _HOMES[checkpoint.dialect][1]


def _limits(checkpoint: Checkpoint, limits: DocumentLimits) -> DocumentLimits:
    """Return the limits of a document whose weights are in the file, however many they are."""
    stored = sum(math.prod(one.shape) for layer in checkpoint.layers for one in layer.arrays)
    return replace(limits, parameters=max(limits.parameters, stored))
