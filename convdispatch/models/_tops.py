"""What a stack remembers about itself, so that adding each layer costs the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from convdispatch.engine.layer import Layer
from convdispatch.ops import PartialShape


class Top:
    """The names of a stack's layers, and the shape of its output if it is known.

    A layer that changes removes it from the stacks that contain the layer.
    """

    def __init__(self, layers: Sequence[Layer], shape: PartialShape | None) -> None:
        self._layers = layers
        self._count = len(layers)
        self._held = {id(layer) for layer in layers}
        self.names = {layer.name for layer in layers}
        self.shape = shape

    @classmethod
    def now(cls, layers: Sequence[Layer], known: Self | None) -> Self:
        """Return the remembered facts if they still hold, else read them from every layer."""
        if known is not None and known._is_of(layers):
            return known
        shape = None
        if layers and all(layer.built for layer in layers):
            shape = layers[0].built_shape
            for layer in layers:
                shape = layer.compute_output_shape(shape)
        return cls(layers, shape)

    def _is_of(self, layers: Sequence[Layer]) -> bool:
        """Return whether it still holds for these layers, given as the same list object."""
        is_same = self._layers is layers and self._count == len(layers)
        # Layers without weights get them, and their shapes, when they are called.
        return is_same and (self.shape is not None or not layers or not layers[0].built)

    def has(self, layer: Layer) -> bool:
        """Whether the stack holds this very layer."""
        return id(layer) in self._held

    def put(self, layer: Layer, shape: PartialShape | None) -> None:
        """Record that the layer was added, and the new shape of the output."""
        self._count += 1
        self._held.add(id(layer))
        self.names.add(layer.name)
        self.shape = shape
