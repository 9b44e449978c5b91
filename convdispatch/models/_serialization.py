"""Models as JSON documents, and models from the configurations in them."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, TypeVar, cast

from convdispatch.engine import keras_configs
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument
from convdispatch.models._entries import LayerEntry, checked_door, entries_of
from convdispatch.models._function_names import with_names
from convdispatch.ops import PartialShape
from convdispatch.runtime import selection
from convdispatch.support.documents import DocumentLimits, refusing, require_readable

ModelT = TypeVar("ModelT")

_OURS: Any = Layer.from_config


def as_json(class_name: str, config: Mapping[str, Any], **json_options: Any) -> str:
    """Return the JSON document of a model; the options are those of `json.dumps`."""
    document = {
        "class_name": class_name,
        "config": with_names(dict(config)),
        "convdispatch_version": version("convdispatch"),
    }
    return json.dumps(document, **{"default": _refused} | json_options)


def _refused(value: object) -> object:
    """Raise `InvalidArgument` for what a configuration holds and a document cannot."""
    raise InvalidArgument(
        f"a document cannot hold {value!r}. Write a layer class of your own instead, with "
        "`get_config`, and pass it as `custom_objects` when you read it."
    )


def layer_entry(layer: Layer) -> dict[str, Any]:
    """Return a layer's entry in a model's configuration."""
    name = type(layer).__name__
    is_ours = getattr(importlib.import_module(layer.door), name, None) is type(layer)
    return {
        "class_name": name,
        "module": layer.door if is_ours else type(layer).__module__,
        "config": layer.get_config(),
    }


def model_from(
    model_class: Callable[..., ModelT],
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
    with selection.use_stated_backend(backend):  # what a user's layer makes itself is on it, too
        layers = [layer_of(entry, backend, limits) for entry in entries]
    name = config.get("name") if isinstance(config, Mapping) else None
    # A document's backend is a preference. Weights would load it, so they are made when first
    # needed.
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


def _wish(entry: LayerEntry) -> Any:
    return entry.config.get("backend") if isinstance(entry.config, Mapping) else None


def layer_of(entry: LayerEntry, backend: str | None, limits: DocumentLimits) -> Layer:
    """Return a new layer for an entry, or raise `InvalidDocument`."""
    config = entry.config
    if backend is not None and _wish(entry) is not None:  # the caller's word counts
        config = {key: value for key, value in config.items() if key != "backend"}
    own: Any = entry.layer_class.from_config
    with refusing(entry.title):
        if getattr(own, "__func__", None) is not _OURS.__func__:  # the user's own
            made: Layer = own(config)
            return made
        return cast("Layer", keras_configs.make(entry.layer_class, config, limits=limits))


def _require_few_parameters(
    layers: Sequence[Layer], shape: PartialShape, limits: DocumentLimits
) -> None:
    """Raise unless the layers fit each other and do not have too many weights."""
    total = 0
    for layer in layers:
        resolved = layer.resolved(Spec(shape, layer.input_dtype))
        total += sum(math.prod(weight.shape) for weight in resolved.declarations)
        limits.require("parameters", total, f"its weights hold at least {total:,} parameters")
        made = resolved.output_shape
        if isinstance(made, list):
            return  # which the model refuses
        shape = (*shape[:1], *made[1:])  # a stateful layer has weights for each sample
