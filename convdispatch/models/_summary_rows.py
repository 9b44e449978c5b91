"""What the rows of a summary are made of: layers, the shapes of their outputs, what they read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.models._calls import Calls, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A layer, or a nested model, with the output's shape and the tensors read for each call.

    An input reads nothing. A shape is a list of shapes where a nested model returns a list.
    """

    layer: Any
    shapes: tuple[Any, ...]
    reads: tuple[tuple[Origin, ...], ...]

    @property
    def title(self) -> str:
        """The name and the class."""
        return f"{self.layer.name} ({type(self.layer).__name__})"


def rows_of(model: Any, calls: Calls) -> list[Row]:
    """Return a row for each member of the model, in the order of `layers`."""
    inputs = {
        id(origin.layer): _shape((spec,))
        for origin, spec in zip(calls.origins, calls.inputs, strict=False)
    }
    rows = []
    for layer in model.layers:
        own = calls.of(layer)
        shapes = tuple(_shape(one.outputs) for one in own)
        reads = tuple(tuple(calls.origins[number] for number in one.reads) for one in own)
        if isinstance(layer, Layer) and layer.is_input:
            shapes, reads = shapes or (inputs[id(layer)],), ()
        rows.append(Row(layer=layer, shapes=shapes, reads=reads))
    return rows


def _shape(specs: tuple[Spec, ...]) -> Any:
    shapes = [spec.shape for spec in specs]
    return shapes[0] if len(shapes) == 1 else shapes


def weights_of(model: Any) -> tuple[int, int]:
    """Return how many numbers a trainer may change, and how many it must not; each counts once."""
    held, declared = model.named_weights(), model.functional().weights
    sizes = [
        (math.prod(weight.shape), held[path][1])
        for path, weight in declared.items()
        if not weight.is_state
    ]
    trained = sum(size for size, is_trained in sizes if is_trained)
    return trained, sum(size for size, _ in sizes) - trained


def counts_of_lines(trained: int, frozen: int) -> list[str]:
    """Return the lines with the numbers of parameters, as every Keras writes them."""
    return [
        f"Total params: {trained + frozen:,}",
        f"Trainable params: {trained:,}",
        f"Non-trainable params: {frozen:,}",
    ]
