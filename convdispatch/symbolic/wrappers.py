"""The base of a script's own wrappers: layers that compute by another layer."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from convdispatch.engine.keras_configs import weights_dtype
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.formulas.custom_objects import known
from convdispatch.support.documents import shown
from convdispatch.symbolic.custom import CustomLayer

_MODELS = ("Functional", "Model", "Sequential")
_READER = "convdispatch.models._inner_reading"
_MORE = {"convdispatch.layers": "convdispatch.symbolic.keras3_layers"}


class CustomWrapper(CustomLayer):
    """A layer around the layer `self.layer`, whose weights it has.

    A subclass defines `call`, in which it calls `self.layer`, and may define `build`.
    """

    def __init__(self, layer: Any, **options: Any) -> None:
        """Keep the layer or the model."""
        if not isinstance(layer, Layer) and not hasattr(layer, "layers"):
            raise InvalidArgument(
                f"`layer` of {type(self).__name__} must be a layer or a model; received {layer!r}."
            )
        self.layer = layer
        super().__init__(**options)

    def build(self, input_shape: Any = None) -> None:
        """Make no weights but those of the layer."""

    def _inner_layers(self) -> list[Any]:
        return layers_within(self.layer)

    def get_config(self) -> dict[str, Any]:
        """Return what every layer takes, and the layer's class and configuration."""
        return super().get_config() | {"layer": entry_of(self.layer)}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Any = None, *, backend: str | None = None
    ) -> Any:
        """Make a wrapper from what `get_config` returned."""
        rest = with_plain_type(config, cls)
        layer = layer_of(taken(rest, "layer", cls), cls.door, custom_objects)
        return cls(layer, **rest, **({} if backend is None else {"backend": backend}))


def layers_within(layer: Any) -> list[Any]:
    """Return the layer, or the layers of a model and of those in it."""
    if isinstance(layer, Layer):
        return [layer]
    return [inner for one in layer.layers for inner in layers_within(one)]


def entry_of(layer: Any) -> dict[str, Any]:
    """Return the entry of a layer in a configuration: its class's name and its configuration."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def with_plain_type(config: Mapping[str, Any], layer_class: Any) -> dict[str, Any]:
    """Return a configuration with the type of the weights where it has a policy of Keras."""
    own = {"dtype": weights_dtype(config["dtype"], layer_class)} if "dtype" in config else {}
    return {**config, **own}


def taken(config: dict[str, Any], key: str, of: type) -> Any:
    """Take an argument out of a configuration; raise `InvalidDocument` if it is missing."""
    if key not in config:
        raise InvalidDocument(f"the configuration of {of.__name__} has no {key!r}, which it needs.")
    return config.pop(key)


def layer_of(entry: Any, door: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer of an entry: of a class of that module, or of the script's own classes."""
    if not isinstance(entry, Mapping):
        return entry
    name, config = entry.get("class_name"), entry.get("config", {})
    if not isinstance(name, str) or not isinstance(config, Mapping):
        raise InvalidDocument(
            "an entry of a layer needs a string as 'class_name' and a dictionary as 'config'; "
            f"received {shown(name)} and {shown(config)}."
        )
    found: Any = (custom_objects or {}).get(name, known(name))
    if isinstance(found, str):
        if name in _MODELS:
            reading: Any = importlib.import_module(_READER)
            return reading.model_within(entry, door)
        found = _offered(name, config, door)
    if not isinstance(found, type):
        raise InvalidDocument(
            f"unknown layer {shown(name)}; it is not in {door}. Give its class in `custom_objects`."
        )
    if issubclass(found, Layer) or hasattr(found, "from_config"):
        return found.from_config(config)
    return found(**config)


def _offered(name: str, config: Mapping[str, Any], door: str) -> Any:
    """Return the class of a name in a module of layers, or that which documents alone have."""
    if door in _MORE:
        more: Any = importlib.import_module(_MORE[door])
        found = more.meant(name, config)
        if found is not None:
            return found
    home: Any = importlib.import_module(door)
    return vars(home)[name] if name in home.__all__ else None
