"""Refuse too large weights, inputs and outputs of a layer, naming the user's own arguments."""

from __future__ import annotations

from convdispatch.engine.constructed import Constructed
from convdispatch.geometry import sizes
from convdispatch.ops import PartialShape, Shape


def require_possible(
    layer: Constructed, input_shape: PartialShape, output_shape: PartialShape
) -> None:
    """Raise `InvalidShape` if no array can hold the layer's input or output."""
    made = {"input": input_shape, "output": output_shape}
    for what, shape in made.items():
        received = (*_arguments(layer), f"an input of shape {input_shape}")
        sizes.require_possible(
            shape[1:], what=f"the {what} of {layer.name!r}", received=" and ".join(received)
        )


def require_possible_weight(layer: Constructed, weight: str, shape: Shape) -> None:
    """Raise `InvalidShape` for a weight that no array can hold."""
    received = " and ".join(_arguments(layer))
    sizes.require_possible(shape, what=f"`{weight}` of {layer.name!r}", received=received)


def _arguments(layer: Constructed) -> list[str]:
    """Name the arguments that determine the sizes of the layer's arrays."""
    named = ((layer.spelled(name), getattr(layer, name)) for name in layer.size_arguments)
    return [f"`{name}` {value}" for name, value in named if value is not None]
