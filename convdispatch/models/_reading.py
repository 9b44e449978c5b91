"""A model from a JSON document, ours or any Keras's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidDocument
from convdispatch.models._chains import FUNCTIONAL, stack_of
from convdispatch.models._entries import begins_with_branches, door_of_version, holds_models
from convdispatch.models._graph_reading import GraphReader
from convdispatch.models._model import Model
from convdispatch.models._sequential import Sequential
from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits, parsed, shown


def model_from_json(
    json_string: str,
    custom_objects: Mapping[str, type[Layer]] | None = None,
    *,
    backend: str | None = None,
    door: str | None = None,
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> Sequential | Model:
    """Make a model from what `to_json` returned, ours or any Keras's, with new weights.

    The layers are those of the Keras that wrote the document, by its `keras_version` or by its
    words; `door` is the module of the layers of a document that tells neither. A functional model
    of a Keras that is one chain of layers becomes the Sequential that it is. `limits` says how much
    a document may ask for. Raises `InvalidDocument` for whatever is wrong with it.
    """
    return read_model(
        json_string,
        (Sequential, Model),
        custom_objects=custom_objects,
        backend=backend,
        door=door,
        limits=limits,
    )


def read_model(
    json_string: str,
    classes: tuple[type[Sequential], type[Model]],
    custom_objects: Mapping[str, type[Layer]] | None = None,
    *,
    backend: str | None = None,
    door: str | None = None,
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> Sequential | Model:
    """Make a model of one of these classes from a document, as `model_from_json` does."""
    return model_of(
        parsed(json_string, limits),
        classes,
        custom_objects=custom_objects,
        backend=backend,
        door=door,
        limits=limits,
    )


def model_of(
    document: Any,
    classes: tuple[type[Sequential], type[Model]],
    *,
    custom_objects: Mapping[str, type[Layer]] | None,
    backend: str | None,
    door: str | None,
    limits: DocumentLimits,
) -> Sequential | Model:
    """Make a model of one of these classes from a parsed document."""
    sequential, model = classes
    is_model = isinstance(document, dict) and "config" in document
    if not is_model or document.get("class_name") not in ("Sequential", *FUNCTIONAL):
        raise InvalidDocument(
            "`json_string` must hold an object with `class_name` 'Sequential' or 'Model' and "
            f"`config`, as `to_json` writes it; received {_kind(document)}."
        )
    door = door_of_version(document) or door
    if document["class_name"] in FUNCTIONAL and _is_a_graph(document):
        reader = GraphReader(custom_objects or {}, backend, door, limits, model)
        return reader.model(document["config"])
    if begins_with_branches(document["config"]):
        reader = GraphReader(custom_objects or {}, backend, door, limits, model)
        found: Model = reader.branched(document["config"], sequential)
        return found
    if document["class_name"] == "Sequential" and holds_models(document["config"]):
        reader = GraphReader(custom_objects or {}, backend, door, limits, model)
        stack: Model = reader.nesting(document["config"], sequential)
        return stack
    return sequential.from_config(
        _config_of(document),
        custom_objects=custom_objects,
        backend=backend,
        door=door,
        limits=limits,
    )


def _is_a_graph(document: Mapping[str, Any]) -> bool:
    """Return whether a functional model is ours, or is more than one chain of layers."""
    if "convdispatch_version" in document:
        return True
    try:
        found = stack_of(document["config"])
    except InvalidDocument:
        return True
    models = ("Sequential", *FUNCTIONAL)  # which a Sequential does not take as layers
    return any(entry.get("class_name") in models for entry in found["layers"])


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
