"""`model.layers` of Keras 1 and 2: the list itself, which scripts change.

There `model.layers.pop()` takes the last layer off the list, not off the graph: `model.layers[-1]`
is another layer then, of whose `output` scripts make the next model.
"""

from __future__ import annotations

from typing import Any

from convdispatch.errors import InvalidArgument
from convdispatch.models._sequential import Sequential

_SHOWN = "_shown_layers"  # among a model's own attributes: the list, and what it was made of


def kept_list(base: type[Any]) -> property:
    """Return the property `layers` of a façade's models: one list, whatever is taken off it."""
    found: property = base.layers

    def layers(self: Any) -> list[Any]:
        current: list[Any] = base.layers.fget(self)
        shown, made_of = vars(self).get(_SHOWN, ([], []))
        if made_of != current:
            kept = len(made_of)
            if made_of and current[:kept] == made_of:
                shown.extend(current[kept:])  # what was added since
            else:
                shown[:] = current
            object.__setattr__(self, _SHOWN, (shown, current))
        return shown  # type: ignore[no-any-return]  # of the model's own attributes

    return property(layers, doc=found.__doc__)


def end_setter(base: type[Any]) -> Any:
    """Return how a façade's model takes another end: a stack may end at one of its layers.

    Scripts say so behind `model.layers.pop()`: `model.outputs = [model.layers[-1].output]`.
    """

    def set_end(self: Any, name: str, value: Any) -> None:
        wanted = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
        layers = list(self._layers)
        ends = [
            layer for layer in layers if name in ("output", "outputs") and is_end(layer, wanted)
        ]
        if not issubclass(base, Sequential) or not ends:
            base._set_end(self, name, value)
            return
        for _ in layers[layers.index(ends[-1]) + 1 :]:
            self.pop()

    return set_end


def is_end(layer: Any, tensor: Any) -> bool:
    """Return whether a tensor is what a layer's one call gives."""
    try:
        return layer.output is tensor
    except InvalidArgument:  # called several times, or not yet
        return False
