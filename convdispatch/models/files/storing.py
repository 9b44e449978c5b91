"""A model as the content of a file: its architecture, weights and training in a Keras's words."""

from __future__ import annotations

from typing import Any, Literal

from convdispatch.doors.written import TITLES, VERSIONS
from convdispatch.errors import InvalidArgument
from convdispatch.models.files.order import members_of
from convdispatch.models.files.storing_masks import require_same_masks
from convdispatch.models.files.storing_models import architecture_of
from convdispatch.models.files.storing_optimizers import is_of_script, optimizer_in
from convdispatch.models.files.storing_training import (
    Kept,
    kept_by,
    optimizer_arrays,
    training_of,
)
from convdispatch.models.files.storing_weights import (
    layers_by_name,
    layers_by_names,
    layers_by_path,
)
from convdispatch.models.files.translating import translated
from convdispatch.saving.checkpoint import Checkpoint, StoredArray
from convdispatch.support.warnings import warn

Kind = Literal["h5", "keras", "safetensors"]
DIALECTS = tuple(VERSIONS)


def dialect_of(model: Any) -> str:
    """Return whose layers a model has: those of one Keras, or else those of its own class.

    tf_keras has Keras 2's layers, and trains as Keras 3.
    """
    names = {layer.dialect.name for layer in model._layers if not layer.is_input}
    found: str = names.pop() if len(names) == 1 else model.dialect.name
    is_later = model.dialect.name in ("keras3", "tf_keras")
    return "tf_keras" if found == "keras2" and is_later else found


def as_dialect(given: Any) -> str:
    """Return the dialect that a user names."""
    if given not in DIALECTS:
        raise InvalidArgument(
            f"`dialect` must be one of {', '.join(map(repr, DIALECTS))}; received {given!r}."
        )
    return str(given)


def _kept(model: Any) -> Kept | None:
    """Return what a file holds of an optimizer's state."""
    if not is_of_script(model.optimizer):
        return kept_by(model, model.optimizer)
    warn(
        f"the file holds no variables of {type(model.optimizer).__name__}, an optimizer of your "
        "own: a model that is loaded from it begins with new ones."
    )
    return None


def checkpoint_of(
    model: Any, dialect: str, kind: Kind, *, architecture: bool = True, optimizer: bool = True
) -> Checkpoint:
    """Return what a file of that kind holds of a model; raise for what the dialect cannot say."""
    model.ensure_built("save")
    kept, settings = None, None
    if optimizer and model._wishes is not None:
        settings = training_of(model, dialect, in_zip=kind != "h5")
        kept = _kept(model)
    if architecture:
        require_same_masks(model, dialect)
    told = translated(model, dialect, kept)
    arrays, convention = told.arrays, told.convention
    if kind == "keras":
        layers = layers_by_path(told.model, arrays)
    elif kind == "safetensors":
        layers = layers_by_names(told.model, arrays)
    else:
        ending = "" if convention == "theano" or dialect == "keras3" else ":0"
        members = told.model.layers if architecture else members_of(told.model)
        layers = layers_by_name(told.model, members, arrays, dialect, ending)
    slots: list[StoredArray] = []
    if told.kept is not None:
        found = optimizer_in(model.optimizer, dialect)
        slots = optimizer_arrays(found, told.kept, dialect)
    by_names = kind == "safetensors"
    document = architecture_of(told.model, dialect, by_names=by_names) if architecture else None
    what = "model" if architecture else "weights"
    metadata: dict[str, str] = {"backend": convention}  # each is called after an engine
    if settings is not None:
        metadata["optimizer"] = str(getattr(model.optimizer, "name", "optimizer"))
    return Checkpoint(
        format=f"{TITLES[dialect]} {what}",
        dialect="keras2" if dialect == "tf_keras" else dialect,  # type: ignore[arg-type]  # one of
        keras_version=VERSIONS[dialect],
        convention=convention,
        architecture=document,
        layers=tuple(layers),
        training=settings,
        optimizer=tuple(slots),
        metadata=metadata,
    )
