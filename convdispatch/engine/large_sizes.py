"""Refuse too large weights, inputs and outputs of a layer, naming the user's own arguments."""

from __future__ import annotations

from typing import Any

from convdispatch.engine.constructed import Constructed
from convdispatch.engine.specs import Specs, listed
from convdispatch.geometry import sizes
from convdispatch.ops import Shape


def require_possible(layer: Constructed, specs: Specs, output_shape: Any) -> None:
    """Raise `InvalidShape` if no array can hold one of the layer's inputs or outputs."""
    given = [spec.shape for spec in listed(specs)]
    made = output_shape if isinstance(output_shape, list) else [output_shape]
    received = " and ".join((*_arguments(layer), *(f"an input of shape {one}" for one in given)))
    for what, shapes in {"input": given, "output": made}.items():
        for shape in shapes:
            sizes.require_possible(
                shape[1:], what=f"the {what} of {layer.name!r}", received=received
            )


def require_possible_weight(layer: Constructed, weight: str, shape: Shape) -> None:
    """Raise `InvalidShape` for a weight that no array can hold."""
    received = " and ".join(_arguments(layer))
    sizes.require_possible(shape, what=f"`{weight}` of {layer.name!r}", received=received)


def _arguments(layer: Constructed) -> list[str]:
    """Name the arguments that determine the sizes of the layer's arrays."""
    named = ((layer.spelled(name), getattr(layer, name)) for name in layer.size_arguments)
    return [f"`{name}` {value}" for name, value in named if value is not None]
