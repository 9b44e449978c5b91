"""Models and layers as JSON documents, and back.

A layer is named by its class and by the module that users import it from. Only the modules listed
here, and the classes that a caller hands over, are ever looked at.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.layers import Layer

if TYPE_CHECKING:
    from convdispatch.models._sequential import Sequential

DOORS = ("convdispatch.layers", "convdispatch.keras1.layers", "convdispatch.keras2.layers")


def model_from_json(
    json_string: str,
    custom_objects: Mapping[str, type[Layer]] | None = None,
    *,
    backend: str | None = None,
    door: str = DOORS[0],
) -> Sequential:
    """Make a model from what `to_json` returned, ours or Keras's, with new weights.

    `door` is the module of the layers whose entries do not say theirs: Keras 1's and Keras 2's do
    not. Raises `InvalidArgument` for a document that is malformed or names an unknown class.
    """
    from convdispatch.models._sequential import Sequential

    if not isinstance(json_string, str):
        raise InvalidType(f"`json_string` must be a string; received {type(json_string).__name__}.")
    try:
        document = json.loads(json_string)
    except json.JSONDecodeError as exc:
        raise InvalidArgument(
            f"`json_string` is not JSON: {exc.msg} in line {exc.lineno}, column {exc.colno}."
        ) from exc
    except RecursionError as exc:
        raise InvalidArgument("`json_string` is nested too deeply for a model's JSON.") from exc
    if not isinstance(document, dict) or document.get("class_name") != "Sequential":
        raise InvalidArgument(
            "`json_string` must hold an object with `class_name` 'Sequential' and `config`, as "
            f"`to_json` writes it; received {_kind(document)}."
        )
    return Sequential.from_config(
        document.get("config", {}), custom_objects=custom_objects, backend=backend, door=door
    )


def _kind(document: Any) -> str:
    if not isinstance(document, dict):
        return f"a {type(document).__name__}"
    name = document.get("class_name")
    return "an object without `class_name`" if name is None else f"`class_name` {name!r}"


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


def layers_from(
    config: Mapping[str, Any] | list[Any],
    custom_objects: Mapping[str, type[Layer]],
    door: str,
) -> list[Layer]:
    """Return new layers for the entries of a model's configuration, up to Keras 2.2.2 a list."""
    if isinstance(config, list):
        config = {"layers": config}
    if not isinstance(config, Mapping) or not isinstance(config.get("layers", []), list):
        raise InvalidType(
            "`config` of a model must be a mapping with a list of `layers`; received "
            f"{'other `layers`' if isinstance(config, Mapping) else type(config).__name__}."
        )
    return [_layer(entry, custom_objects, door) for entry in config.get("layers", [])]


def _layer(entry: Any, custom_objects: Mapping[str, type[Layer]], door: str) -> Layer:
    is_complete = isinstance(entry, Mapping) and {"class_name", "config"} <= set(entry)
    if not is_complete or not isinstance(entry["class_name"], str):
        raise InvalidArgument(
            f"each of `layers` must have a `class_name`, a string, and a `config`; received "
            f"{entry!r}."
        )
    return _layer_class(entry, custom_objects, door).from_config(entry["config"])


def _layer_class(
    entry: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]], door: str
) -> type[Layer]:
    name, door = entry["class_name"], entry.get("module", door)
    if name in custom_objects:
        return _require_layer_class(custom_objects[name], name)
    if door not in DOORS:
        raise InvalidArgument(
            f"`module` of a layer must be one of {', '.join(DOORS)}; received {door!r}. Hand the "
            "class of a layer of your own over in `custom_objects`."
        )
    found = getattr(importlib.import_module(door), name, None)
    if not (isinstance(found, type) and issubclass(found, Layer)):
        raise InvalidArgument(
            f"{door} has no layer named {name!r}. Hand the class of a layer of your own over in "
            "`custom_objects`."
        )
    return found


def _require_layer_class(custom: object, name: str) -> type[Layer]:
    if isinstance(custom, type) and issubclass(custom, Layer):
        return custom
    raise InvalidType(
        f"`custom_objects` must map names to classes of layers; received {custom!r} for {name!r}."
    )
