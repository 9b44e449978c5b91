"""Read the entries of a model's layers from a document of any Keras.

This module determines which of our modules has the layers, the shape of the document's
`InputLayer`, and unknown classes. It only considers the modules named here and the classes that a
caller passes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from convdispatch.doors.elsewhere import KEYWORDS_OF_KERAS1, not_offered_layers
from convdispatch.engine.keras_configs import without_nothing_asked
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.formulas.custom_objects import spellings
from convdispatch.support.documents import DocumentLimits, shown
from convdispatch.symbolic import keras3_layers

DOORS = ("convdispatch.layers", "convdispatch.keras1.layers", "convdispatch.keras2.layers")
_DOOR_OF_VERSION = {"1": DOORS[1], "2": DOORS[2], "3": DOORS[0]}
_KERASES = {"keras", "tf_keras"}
_INPUT_KEYS = (
    *("batch_shape", "batch_input_shape", "dtype", "input_dtype", "name", "trainable"),
    "convention",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerEntry:
    """One layer of a document: its class, found, and its configuration, not yet checked."""

    layer_class: type[Layer]
    config: Any
    title: str  # its name in messages


def door_of_version(document: Mapping[str, Any]) -> str | None:
    """Return the module of layers of the Keras that wrote the document, or None if unknown."""
    version = document.get("keras_version")
    if isinstance(version, str):
        return _DOOR_OF_VERSION.get(version.partition(".")[0])
    return DOORS[0] if _is_keras(document.get("module")) else None  # Keras 3 states no version


def entries_of(
    config: Any, custom_objects: Mapping[str, type[Layer]], door: str | None, limits: DocumentLimits
) -> list[LayerEntry]:
    """Return the layers of a model's configuration, up to Keras 2.2.2 a list of them.

    The first announces the input's shape if the document knows it.
    """
    listed = layer_entries(config)
    limits.require("layers", len(listed), f"the document has {len(listed):,} layers")
    others, shape = _without_input(listed)
    if isinstance(config, Mapping) and shape is None:
        shape = config.get("build_input_shape")
    door = door_of(listed, door)
    classes = classes_of(others, custom_objects, door)
    configs = [entry["config"] for entry in others]
    if configs and isinstance(shape, list | tuple):
        configs[0] = _announcing(configs[0], shape)
    return [
        LayerEntry(layer_class=found, config=each, title=f"layer {place}, {entry['class_name']}")
        for place, (found, each, entry) in enumerate(
            zip(classes, configs, others, strict=True), start=1
        )
    ]


def begins_with_branches(config: Any) -> bool:
    """Return whether a configuration is of Keras 1's `Sequential` whose first layer merges models.

    >>> begins_with_branches([{"class_name": "Merge", "config": {"layers": []}}])
    True
    """
    listed = config.get("layers") if isinstance(config, Mapping) else config
    first = listed[0] if isinstance(listed, list) and listed else None
    if not isinstance(first, Mapping) or first.get("class_name") != "Merge":
        return False
    own = first.get("config")
    return isinstance(own, Mapping) and isinstance(own.get("layers"), list)


def holds_models(config: Any) -> bool:
    """Return whether a configuration is of a `Sequential` with models among its layers.

    >>> holds_models([{"class_name": "Model", "config": {}}])
    True
    """
    listed = config.get("layers") if isinstance(config, Mapping) else config
    return isinstance(listed, list | tuple) and any(
        isinstance(entry, Mapping) and entry.get("class_name") in _READABLE for entry in listed
    )


def layer_entries(config: Any) -> list[Any]:
    """Return a configuration's entries of layers, each with a class's name and a `config`."""
    listed = _listed(config)
    for entry in listed:
        _require_complete(entry)
    return listed


def _listed(config: Any) -> list[Any]:
    if isinstance(config, list):
        return config
    listed = config.get("layers") if isinstance(config, Mapping) else None
    if isinstance(listed, list | tuple):
        return list(listed)
    if not isinstance(config, Mapping):
        received = type(config).__name__
    else:
        received = "other `layers`" if "layers" in config else "none"
    raise InvalidDocument(
        f"`config` of a model must be a mapping with a list of `layers`; received {received}."
    )


def _require_complete(entry: Any) -> None:
    is_complete = isinstance(entry, Mapping) and {"class_name", "config"} <= set(entry)
    if not is_complete or not isinstance(entry["class_name"], str):
        raise InvalidDocument(
            f"each of `layers` must have a `class_name`, a string, and a `config`; received "
            f"{shown(entry)}."
        )


# The input.


def _without_input(listed: list[Any]) -> tuple[list[Any], Any]:
    """Return the layers that compute, and the shape that an `InputLayer` before them states."""
    places = [i for i, entry in enumerate(listed) if entry["class_name"] == "InputLayer"]
    if not places or (places == [0] and listed[0].get("module") in DOORS):
        return listed, None  # in our documents it is a layer that the model has
    if places != [0] or len(listed) == 1:
        raise InvalidDocument(
            "an `InputLayer` must come once, first, and before a layer that computes; the "
            f"document has it at {places} of {len(listed)} layers, counted from 0."
        )
    config = listed[0]["config"]
    if not isinstance(config, Mapping):
        raise InvalidDocument(f"`config` of InputLayer must be a mapping; received {shown(config)}")
    rest = without_nothing_asked(config, "InputLayer")
    for key in rest:
        if key not in _INPUT_KEYS:
            raise InvalidDocument(
                f"InputLayer has the unknown key {shown(key)}; allowed: {', '.join(_INPUT_KEYS)}."
            )
    shape = rest.get("batch_shape", rest.get("batch_input_shape"))
    if not isinstance(shape, list | tuple):
        raise InvalidDocument(
            "InputLayer must state the input's shape, batch axis included, as `batch_shape` or "
            f"`batch_input_shape`; received {shown(shape)}."
        )
    return listed[1:], shape


def _announcing(config: Any, shape: list[Any] | tuple[Any, ...]) -> Any:
    """Return the first layer's configuration with the input's shape in it."""
    if not isinstance(config, Mapping):
        return config  # refused where the layer is made
    own = config.get("batch_input_shape")
    if own is None or own == [None] * 2:  # which an embedding says of inputs with any axes
        return {**config, "batch_input_shape": list(shape)}
    if not isinstance(own, list | tuple) or not _agree(own, shape):
        raise InvalidDocument(
            f"the document's input has the shape {shown(shape)} and the first layer announces "
            f"{shown(own)}; they must agree."
        )
    pairs = zip(own, shape, strict=True)
    merged = [size if stated is None else stated for stated, size in pairs]
    return {**config, "batch_input_shape": merged}


def _agree(own: Any, shape: Any) -> bool:
    """Return whether two shapes can be of one input: an embedding often knows no length."""
    return len(own) == len(shape) and all(
        stated is None or size is None or stated == size
        for stated, size in zip(own, shape, strict=True)
    )


# The classes.


def _is_keras(module: object) -> bool:
    """Whether a module is a Keras's, also where a framework ships it: `framework.keras.layers`."""
    return isinstance(module, str) and not _KERASES.isdisjoint(module.split(".")[:3])


def door_of(listed: list[Any], stated: str | None) -> str:
    """Return the door of the entries that do not say theirs.

    Without a version, Keras 1 is known by its words, and Keras 2 beside Keras 3 by where it
    announces shapes.
    """
    configs = [entry["config"] for entry in listed if isinstance(entry["config"], Mapping)]
    keys = {key for config in configs for key in config}
    if stated in (None, DOORS[0]) and keys & KEYWORDS_OF_KERAS1:
        return DOORS[1]
    if stated is not None:
        return stated
    if any(_is_keras(entry.get("module")) for entry in listed):
        return DOORS[2] if "batch_input_shape" in keys else DOORS[0]
    return DOORS[0]


def classes_of(
    entries: list[Any], custom_objects: Mapping[str, type[Layer]], door: str
) -> list[type[Layer]]:
    """Return the class of each entry; raise `InvalidDocument` where one is not here."""
    found = [_layer_class(entry, custom_objects, door) for entry in entries]
    missing = [
        (entry["class_name"], _door_of(entry, door))
        for entry, layer_class in zip(entries, found, strict=True)
        if layer_class is None
    ]
    if missing:
        raise InvalidDocument(_not_here(missing))
    return [layer_class for layer_class in found if layer_class is not None]


def _layer_class(
    entry: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]], door: str
) -> type[Layer] | None:
    """Return the class that an entry names, None if there is none of that name."""
    name, registered = entry["class_name"], entry.get("registered_name")
    for said in filter(None, (name, registered)):
        for known in spellings(said) if isinstance(said, str) else ():
            if known in custom_objects:
                return _require_layer_class(custom_objects[known], known)
    home = _door_of(entry, door)
    if home in (DOORS[0], keras3_layers.__name__):
        more = keras3_layers.meant(name, entry.get("config"))
        if more is not None:
            return more  # type: ignore[no-any-return]  # one of its classes
    offered = importlib.import_module(home)
    found = getattr(offered, name) if name in offered.__all__ else None
    is_layer = isinstance(found, type) and issubclass(found, Layer) and name != "Layer"
    return found if is_layer else None


def _door_of(entry: Mapping[str, Any], door: str) -> str:
    module = entry.get("module")
    if module is None or _is_keras(module):
        return door
    if isinstance(module, str) and module in (*DOORS, keras3_layers.__name__):
        return module
    raise InvalidDocument(
        f"`module` of a layer must be one of {', '.join(DOORS)}, or Keras's; received "
        f"{shown(module)}. Pass a layer class of your own in `custom_objects`."
    )


# Classes of models, which every Keras takes instead of a layer, and those that are read.
_MODELS = frozenset(("Functional", "Graph", "Model", "Sequential"))
_READABLE = ("Functional", "Model", "Sequential")


def _not_here(missing: Iterable[tuple[str, str]]) -> str:
    names: dict[str, list[str]] = {}
    for name, door in missing:
        found = names.setdefault(door, [])
        if name not in found:
            found.append(name)
    lacks = "; ".join(
        f"{door} has no layer named {', '.join(shown(name) for name in found)}"
        for door, found in names.items()
    )
    all_names = [name for found in names.values() for name in found]
    said = [f"{lacks}.", not_offered_layers(all_names)]
    if not _MODELS.isdisjoint(all_names):
        said.append("`model_from_json` reads a Sequential with a model in it.")
    said.append("Pass a layer class of your own in `custom_objects`.")
    return " ".join(filter(None, said))


def _require_layer_class(custom: object, name: str) -> type[Layer]:
    if isinstance(custom, type) and issubclass(custom, Layer):
        return custom
    raise InvalidType(
        f"`custom_objects` must map names to classes of layers; received {custom!r} for {name!r}."
    )


def checked_door(door: str | None) -> str | None:
    """Return the caller's door, if it is one."""
    if door is None or door in DOORS:
        return door
    raise InvalidArgument(f"`door` must be one of {', '.join(DOORS)}; received {door!r}.")
