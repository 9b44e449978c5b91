"""Wrappers of a façade around what a script defines: models, layers and cells of its own.

The rows of the table wrap our layers, whose weights they copy. Around anything else they make
a layer that calls it, under the same name.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar

from convdispatch import layers
from convdispatch.engine.layer import Layer
from convdispatch.facades.ways import ways_of
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.distributed import CustomBidirectional, CustomTimeDistributed
from convdispatch.symbolic.looped_layers import Looping
from convdispatch.symbolic.wrappers import layer_of

_OTHERS: dict[tuple[str, str], Any] = {}


class Choosing(Layer):
    """A wrapper that becomes another one where it is not for our layers."""

    instead: ClassVar[type[Any]]

    def __new__(cls, layer: Any = None, *given: Any, **options: Any) -> Any:
        """Return a wrapper of our layers, or one of what a script defines."""
        wrapped = _made(layer, cls.door)
        if cls.is_own(wrapped):
            return cls._other()(wrapped, *given, **options)
        return object.__new__(cls)

    @classmethod
    def is_own(cls, layer: Any) -> bool:
        """Whether it is for the other one."""
        raise NotImplementedError

    @classmethod
    def _other(cls) -> Any:
        """Return the other one under this façade's name of it."""
        key = cls.__name__, cls.door
        if key not in _OTHERS:
            body = {"dialect": cls.dialect, "door": cls.door, "__module__": cls.door}
            own = cls.instead
            _OTHERS[key] = type(cls.__name__, (own,), {**body, "__doc__": own.__doc__})
        return _OTHERS[key]

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, backend: str | None = None) -> Any:
        """Make a wrapper from what `get_config` returned."""
        if isinstance(config, Mapping) and cls.is_own(_made(config.get("layer"), cls.door)):
            return cls._other().from_config(config, backend=backend)
        return super().from_config(config, backend=backend)


class Distributed(Choosing, layers.TimeDistributed):
    """`TimeDistributed`, also of a model or of a layer of a script's own."""

    instead = CustomTimeDistributed

    @classmethod
    def is_own(cls, layer: Any) -> bool:
        """Whether it is a model, or a layer whose `call` a script wrote."""
        return isinstance(layer, CustomLayer) or callable(getattr(type(layer), "graph", None))


class BothWays(Choosing, layers.Bidirectional):
    """`Bidirectional`, also of a recurrent layer around a script's cell."""

    instead = CustomBidirectional

    @classmethod
    def is_own(cls, layer: Any) -> bool:
        """Whether it is a recurrent layer whose step a script wrote."""
        return isinstance(layer, Looping)

    @property
    def forward_layer(self) -> Any:
        """The layer that goes forwards, with its part of the weights."""
        return ways_of(self)[0]

    @property
    def backward_layer(self) -> Any:
        """The layer that goes backwards, with its part of the weights."""
        return ways_of(self)[1]

    @backward_layer.setter
    def backward_layer(self, layer: Any) -> None:
        vars(self)["backward_layer"] = layer

    def _parts(self) -> list[Any]:
        """Return the layers to which scripts may add losses and updates, besides this one."""
        return ways_of(self)


def _made(layer: Any, door: str) -> Any:
    """Return what an entry of a configuration names, if that is not one of our layers."""
    if not isinstance(layer, Mapping):
        return layer
    name = layer.get("class_name")
    is_row = isinstance(name, str) and name in importlib.import_module(door).__all__
    if not is_row:
        return layer_of(layer, door)
    found = getattr(importlib.import_module(door), str(name))
    is_own = isinstance(found, type) and issubclass(found, CustomLayer)
    config = layer.get("config")
    if isinstance(found, type) and issubclass(found, Choosing) and isinstance(config, Mapping):
        is_own = found.is_own(_made(config.get("layer"), door))
    return layer_of(layer, door) if is_own else None
