"""The weights of a file for a model that exists, by the rules of every Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.models.files.restoring import (
    Restored,
    matched,
    matched_by_path,
    members_with_weights,
)
from convdispatch.models.files.unsaid import CONVENTIONS, is_sensitive, warn_of_words
from convdispatch.models.files.weight_faults import Faults
from convdispatch.models.files.weights import Origin
from convdispatch.saving.checkpoint import Checkpoint, Dialect, StoredLayer
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.recognising import read_checkpoint
from convdispatch.support.warnings import warn

Pairs = list[tuple[StoredLayer, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWishes:
    """What a user says of a file of weights, and of how to load it; see `load_weights`."""

    by_name: bool = False
    skip_mismatch: bool = False
    trained_on: str | None = None
    ordering: str | None = None
    reshapes: bool = False


def load_from_file(model: Any, path: Path, wishes: FileWishes, limits: FileLimits) -> None:
    """Give a model the weights of a file of any Keras; see `SavedWeights.load_weights`."""
    title = f"the file {str(path)!r}"
    checkpoint = read_checkpoint(path, limits=limits)
    if not checkpoint.layers:
        raise InvalidDocument(
            f"{title} is a {checkpoint.format}, which has no weights. `model_from_json` makes a "
            "model of it."
        )
    model.ensure_built("load_weights")
    if not checkpoint.is_told:
        checkpoint = replace(checkpoint, dialect=_dialect_of_layers(model))
        warn_of_words(checkpoint.dialect, checkpoint, title)
    warn_of_origin(model, checkpoint, wishes.trained_on, title)
    origin = origin_of(
        checkpoint,
        convention=wishes.trained_on,
        ordering=wishes.ordering,
        reshapes=wishes.reshapes,
    )
    set_from_file(model, checkpoint, origin, title, wishes)


def _dialect_of_layers(model: Any) -> Dialect:
    """Return whose layers a model has: Keras 1's, or those of later Kerases, laid out alike."""
    names = {layer.dialect.name for layer in model._layers if not layer.is_input}
    return "keras1" if names == {"keras1"} else "keras2"


def origin_of(
    checkpoint: Checkpoint,
    *,
    convention: str | None = None,
    ordering: str | None = None,
    reshapes: bool = False,
) -> Origin:
    """Return whose words and layouts the arrays of a file have."""
    version = (checkpoint.keras_version or "").split(".")
    is_first = checkpoint.dialect == "keras1" and version[:2] == ["1", "0"]
    patch = version[2] if len(version) > 2 else ""
    return Origin(
        dialect=checkpoint.dialect,
        convention=convention or checkpoint.convention,
        ordering=ordering,
        is_first=is_first,
        has_deviations=is_first and patch in ("0", "1", "2", "3", "4", "5"),
        reshapes=reshapes,
    )


def fill_weights(model: Any, checkpoint: Checkpoint, origin: Origin, title: str) -> None:
    """Give a model that was built without weights those of its own file, layer by layer."""
    faults = Faults(title, model.name)
    restored = {id(one.layer): one for one in _of_own_file(model, checkpoint, origin, faults)}
    faults.raise_if_any()
    for layer in model._layers:
        if layer.declared_weights:
            layer.fill(restored[id(layer)].values() if id(layer) in restored else [])


def _of_own_file(
    model: Any, checkpoint: Checkpoint, origin: Origin, faults: Faults
) -> list[Restored]:
    if checkpoint.naming != "order":
        return matched_by_path(model, checkpoint, origin, faults)
    stored, members = _both(checkpoint, model)
    by_name = {layer.name: layer for layer in stored}
    if len(by_name) == len(stored) and {one.name for one in members} == by_name.keys():
        return matched([(by_name[one.name], one) for one in members], origin, faults)
    return matched(_in_order(stored, members, faults), origin, faults)


def set_from_file(
    model: Any,
    checkpoint: Checkpoint,
    origin: Origin,
    title: str,
    wishes: FileWishes,
) -> None:
    """Give a model's weights the values of a file: all that it asks for or, by any fault, none."""
    layers = model._built_layers()
    faults = Faults(title, model.name)
    restored = _wished(model, checkpoint, origin, faults, wishes)
    if wishes.skip_mismatch:
        faults.warn_of_shapes()
    faults.raise_if_any()
    _warn_of_pads([one.layer for one in restored], origin, title)
    values = {id(one.layer): one.values() for one in restored}
    kept = [one for one in layers if id(one) not in values and lasting(one.declared_weights)]
    values |= {id(layer): layer.get_weights() for layer in kept}
    model._set_by_layer([array for layer in layers for array in values.get(id(layer), ())])


def _wished(
    model: Any, checkpoint: Checkpoint, origin: Origin, faults: Faults, wishes: FileWishes
) -> list[Restored]:
    if checkpoint.naming != "order":
        restored = matched_by_path(model, checkpoint, origin, faults)
        if wishes.by_name and checkpoint.naming == "names":
            faults.forget_unmatched()
        elif wishes.by_name:
            raise InvalidArgument(
                f"`by_name` needs names of layers; {faults.title} has paths by classes, such as "
                f"{checkpoint.layers[-1].name!r}. Leave `by_name` out."
            )
        return restored
    stored, members = _both(checkpoint, model)
    pairs = _named_alike(stored, members) if wishes.by_name else _in_order(stored, members, faults)
    return matched(pairs, origin, faults)


def _both(checkpoint: Checkpoint, model: Any) -> tuple[list[StoredLayer], list[Any]]:
    """Return the layers of the file that have arrays, and the model's that have weights."""
    return [one for one in checkpoint.layers if one.arrays], members_with_weights(model)


def _in_order(stored: Sequence[StoredLayer], members: Sequence[Any], faults: Faults) -> Pairs:
    """Pair layers by their places, as every Keras does; the file must have as many."""
    if len(stored) == len(members):
        return list(zip(stored, members, strict=True))
    theirs, ours = {one.name for one in stored}, {one.name for one in members}
    if theirs & ours:
        missing = [one.name for one in members if one.name not in theirs]
        surplus = [one.name for one in stored if one.name not in ours]
    else:
        missing = [one.name for one in members[len(stored) :]]
        surplus = [one.name for one in stored[len(members) :]]
    faults.unmatched(missing, surplus)
    return []


def _named_alike(stored: Sequence[StoredLayer], members: Sequence[Any]) -> Pairs:
    """Pair layers of one name; others are left as they are."""
    by_name: Mapping[str, StoredLayer] = {one.name: one for one in stored}
    return [(by_name[one.name], one) for one in members if one.name in by_name]


def _warn_of_pads(layers: Sequence[Layer], origin: Origin, title: str) -> None:
    """Warn where flipped kernels alone do not give the outputs that the file's model had."""
    padded = [
        layer.name
        for layer in layers
        if origin.convention not in (None, layer.convention) and _pads_otherwise(layer)
    ]
    if padded:
        warn(
            f"{title} was trained under the convention {origin.convention!r}. Its kernels are "
            f"turned round for this model, but {', '.join(map(repr, padded))} pad other cells by "
            f"'same' here. Make the model under `use_convention({origin.convention!r})` for the "
            "outputs that it had there."
        )


def _pads_otherwise(layer: Layer) -> bool:
    inner: Any = getattr(layer, "layer", layer)
    sizes = (*getattr(inner, "strides", ()), *getattr(inner, "pool_size", ()))
    taps = getattr(inner, "kernel_size", ())
    is_same = getattr(inner, "padding", None) == "same"
    return is_same and (any(size > 1 for size in sizes) or any(size % 2 == 0 for size in taps))


def warn_of_origin(model: Any, checkpoint: Checkpoint, said: str | None, title: str) -> None:
    """Warn that a file which does not say its backend is taken to be as the model's layers."""
    touched = [
        layer
        for layer in model._layers
        if is_sensitive(layer) and layer.convention == CONVENTIONS[1]
    ]
    if said is None and checkpoint.convention is None and touched:
        warn(
            f"{title} does not say which backend trained it: `trained_on='tensorflow'` is assumed, "
            "because the layers of the model have that convention. With `trained_on='theano'` the "
            f"kernels of {', '.join(repr(one.name) for one in touched[:6])} are the other way "
            "round, and nearly every output is another. Say `trained_on=`."
        )
