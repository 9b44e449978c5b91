"""A model from a JSON document, ours or any Keras's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.errors import InvalidDocument
from convdispatch.formulas.custom_objects import CustomObjectScope
from convdispatch.layers._functions_of_documents import with_functions
from convdispatch.models._chains import FUNCTIONAL, stack_of
from convdispatch.models._custom_objects import with_objects
from convdispatch.models._entries import begins_with_branches, door_of_version, holds_models
from convdispatch.models._graph_reading import GraphReader
from convdispatch.models._mask_documents import is_operation
from convdispatch.models._model import Model
from convdispatch.models._sequential import Sequential
from convdispatch.models.files import unsaid
from convdispatch.models.files.tf_keras import train_as_tf_keras
from convdispatch.models.files.versions import is_of_tf_keras
from convdispatch.runtime import selection
from convdispatch.support.documents import DEFAULT_LIMITS, DocumentLimits, parsed, shown

Classes = tuple[type[Sequential], type[Model]]


def model_from_json(
    json_string: str,
    custom_objects: Mapping[str, Any] | None = None,
    *,
    backend: str | None = None,
    door: str | None = None,
    trained_on: str | None = None,
    dim_ordering: str | None = None,
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> Sequential | Model:
    """Make a model from what `to_json` returned, ours or any Keras's, with new weights.

    The layers are those of the Keras that wrote the document, by its `keras_version` or by its
    words; `door` is the module of the layers of a document that tells neither. A functional model
    of a Keras that is one chain of layers becomes the Sequential that it is. `custom_objects` has
    the layer classes and functions of your own that the document names. The convention is that
    which `trained_on` says, or the document of Theano's, or the current one. `dim_ordering` is that
    of Keras 1's layers that do not state it. `limits` says how much a document may ask for. Raises
    `InvalidDocument` for whatever is wrong with it.
    """
    return read_model(
        json_string,
        (Sequential, Model),
        custom_objects=custom_objects,
        backend=backend,
        door=door,
        trained_on=trained_on,
        dim_ordering=dim_ordering,
        limits=limits,
    )


def read_model(
    json_string: str,
    classes: Classes,
    custom_objects: Mapping[str, Any] | None = None,
    **wishes: Any,
) -> Sequential | Model:
    """Make a model of one of these classes from a document, as `model_from_json` does."""
    document = parsed(json_string, wishes.get("limits", DEFAULT_LIMITS))
    return model_of_document(document, classes, custom_objects, **wishes)


def model_of_document(
    document: Any,
    classes: Classes,
    custom_objects: Mapping[str, Any] | None = None,
    *,
    backend: str | None = None,
    door: str | None = None,
    trained_on: str | None = None,
    dim_ordering: str | None = None,
    limits: DocumentLimits = DEFAULT_LIMITS,
) -> Sequential | Model:
    """Make a model of one of these classes from a parsed document, as `model_from_json` does."""
    convention = unsaid.as_convention(trained_on)
    said = unsaid.as_ordering(dim_ordering)
    _require_model(document)
    own, stated = custom_objects or {}, door_of_version(document) or door
    if convention is None and document.get("backend") == "theano":
        convention = "theano"  # of Keras 2; other engines are what the current convention may be
    document = unsaid.with_ways(document, document.get("keras_version"))
    document = unsaid.with_stated_ordering(document, stated, said)
    with selection.use_convention(convention or selection.convention()):
        model = model_of(
            with_objects(document, own),
            classes,
            custom_objects=own,
            backend=backend,
            door=stated,
            limits=limits,
        )
    if is_of_tf_keras(document.get("keras_version")):
        train_as_tf_keras(model)
    return model


def model_of(
    document: Mapping[str, Any],
    classes: Classes,
    *,
    custom_objects: Mapping[str, Any],
    backend: str | None,
    door: str | None,
    limits: DocumentLimits,
) -> Sequential | Model:
    """Make a model of one of these classes from a document that leaves nothing unsaid."""
    with CustomObjectScope(custom_objects) as scope:  # also for layers within layers
        document = with_functions(document, scope.known)
        return _made(document, classes, scope.known, backend=backend, door=door, limits=limits)


def _made(
    document: Mapping[str, Any],
    classes: Classes,
    custom_objects: Mapping[str, Any],
    *,
    backend: str | None,
    door: str | None,
    limits: DocumentLimits,
) -> Sequential | Model:
    sequential, model = classes
    _require_model(document)
    if document["class_name"] in FUNCTIONAL and _is_a_graph(document):
        reader = GraphReader(custom_objects, backend, door, limits, model)
        return reader.model(document["config"])
    if begins_with_branches(document["config"]):
        reader = GraphReader(custom_objects, backend, door, limits, model)
        found: Model = reader.branched(document["config"], sequential)
        return found
    if document["class_name"] == "Sequential" and holds_models(document["config"]):
        reader = GraphReader(custom_objects, backend, door, limits, model)
        stack: Model = reader.nesting(document["config"], sequential)
        return stack
    return sequential.from_config(
        _config_of(document),
        custom_objects=custom_objects,
        backend=backend,
        door=door,
        limits=limits,
    )


def _require_model(document: Any) -> None:
    is_model = isinstance(document, dict) and "config" in document
    if not is_model or document.get("class_name") not in ("Sequential", *FUNCTIONAL):
        raise InvalidDocument(
            "`json_string` must hold an object with `class_name` 'Sequential' or 'Model' and "
            f"`config`, as `to_json` writes it; received {_kind(document)}."
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
    return any(
        entry.get("class_name") in models or is_operation(entry) for entry in found["layers"]
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
