"""Models as JSON documents, and back."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar, cast

from convdispatch._documents import (
    DEFAULT_LIMITS,
    DocumentLimits,
    parsed,
    refusing,
    require_readable,
    shown,
)
from convdispatch.errors import InvalidDocument
from convdispatch.layers import Layer, _keras_configs
from convdispatch.models._chains import FUNCTIONAL, stack_of
from convdispatch.models._entries import Entry, checked_door, door_of_version, entries_of
from convdispatch.ops import PartialShape

if TYPE_CHECKING:
    from convdispatch.models._sequential import Sequential

ModelT = TypeVar("ModelT", bound="Sequential")

_OURS: Any = Layer.from_config


def model_from_json(
    json_string: str,
    custom_objects: Mapping[str, type[Layer]] | None = None,
    *,
    backend: str | None = None,
    door: str | None = None,
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> Sequential:
    """Make a model from what `to_json` returned, ours or any Keras's, with new weights.

    The layers are those of the Keras that wrote the document, by its `keras_version` or by its
    words; `door` is the module of the layers of a document that tells neither. A functional model
    that is one chain of layers becomes the Sequential that it is. `limits` says how much a
    document may ask for. Raises `InvalidDocument` for whatever is wrong with it.
    """
    from convdispatch.models._sequential import Sequential

    document = parsed(json_string, limits)
    is_model = isinstance(document, dict) and "config" in document
    if not is_model or document.get("class_name") not in ("Sequential", *FUNCTIONAL):
        raise InvalidDocument(
            "`json_string` must hold an object with `class_name` 'Sequential' and `config`, as "
            f"`to_json` writes it; received {_kind(document)}."
        )
    return Sequential.from_config(
        _config_of(document),
        custom_objects=custom_objects,
        backend=backend,
        door=door_of_version(document) or door,
        limits=limits,
    )


def _kind(document: Any) -> str:
    if not isinstance(document, dict):
        return f"a {type(document).__name__}"
    name = document.get("class_name")
    lacking = "" if "config" in document else " without `config`"
    return (
        "an object without `class_name`" if name is None else f"`class_name` {shown(name)}{lacking}"
    )


def _config_of(document: Mapping[str, Any]) -> Any:
    """Return the configuration of a Sequential, with the shape that the model was built for."""
    config = document["config"]
    if document["class_name"] in FUNCTIONAL:
        config = stack_of(config)
    built = document.get("build_config")
    if isinstance(config, dict) and isinstance(built, dict) and "input_shape" in built:
        return {"build_input_shape": built["input_shape"], **config}
    return config


def as_json(class_name: str, config: Mapping[str, Any], **json_options: Any) -> str:
    """Return the JSON document of a model; the options are those of `json.dumps`."""
    document = {
        "class_name": class_name,
        "config": dict(config),
        "convdispatch_version": version("convdispatch"),
    }
    return json.dumps(document, **json_options)


def layer_entry(layer: Layer) -> dict[str, Any]:
    """Return what a model's configuration says of one layer."""
    name = type(layer).__name__
    is_ours = getattr(importlib.import_module(layer.door), name, None) is type(layer)
    return {
        "class_name": name,
        "module": layer.door if is_ours else type(layer).__module__,
        "config": layer.get_config(),
    }


def model_from(
    model_class: type[ModelT],
    config: Any,
    *,
    custom_objects: Mapping[str, type[Layer]],
    backend: str | None,
    door: str | None,
    limits: DocumentLimits,
) -> ModelT:
    """Return a new model of that class for a configuration, or raise `InvalidDocument`."""
    require_readable(config, limits)
    entries = entries_of(config, custom_objects, checked_door(door), limits)
    layers = [_layer(entry, backend, limits) for entry in entries]
    name = config.get("name") if isinstance(config, Mapping) else None
    # A document's backend is a wish. Weights would load it, so they are made when first needed.
    is_waiting = backend is None and any(_wish(entry) is not None for entry in entries)
    with refusing("the document"):
        shape = layers[0].batch_input_shape if layers else None
        if shape is not None:
            _require_few_parameters(layers, shape, limits)
        if is_waiting:
            layers[0].batch_input_shape = None
        model = model_class(layers, name=name, backend=backend)
        if is_waiting:
            layers[0].batch_input_shape = shape
    return model


def _wish(entry: Entry) -> Any:
    return entry.config.get("backend") if isinstance(entry.config, Mapping) else None


def _layer(entry: Entry, backend: str | None, limits: DocumentLimits) -> Layer:
    config = entry.config
    if backend is not None and _wish(entry) is not None:  # the caller's word counts
        config = {key: value for key, value in config.items() if key != "backend"}
    own: Any = entry.layer_class.from_config
    with refusing(entry.title):
        if getattr(own, "__func__", None) is not _OURS.__func__:  # the user's own
            made: Layer = own(config)
            return made
        return cast("Layer", _keras_configs.make(entry.layer_class, config, limits=limits))


def _require_few_parameters(
    layers: Sequence[Layer], shape: PartialShape, limits: DocumentLimits
) -> None:
    """Raise unless the layers fit each other, and their weights are not too many to be made."""
    total = 0
    for layer in layers:
        after = layer.compute_output_shape(shape)
        total += sum(math.prod(weight.shape) for weight in layer._declare(shape))
        limits.require("parameters", total, f"its weights hold at least {total:,} parameters")
        shape = after
