"""The base of Keras 1's layers: their names, and how they store and draw their kernels."""

from __future__ import annotations

from convdispatch.engine.declarations import Layout, Weight
from convdispatch.facades.classes import FacadeLayer
from convdispatch.formulas import initializers
from convdispatch.formulas.dialects import KERAS1
from convdispatch.ops import NumpyArray


class Keras1Layer(FacadeLayer):
    """A layer in the words of Keras 1."""

    dialect = KERAS1
    door = "convdispatch.keras1.layers"
    data_format: str

    @property
    def dim_ordering(self) -> str:
        """Keras 1's word for the data format: 'th' or 'tf'."""
        return str(self.in_own_words("data_format", self.data_format))

    def _layout(self, weight: str) -> Layout | None:
        stored = self.row.layouts.get(self._ordering, {}).get(weight)
        return None if stored is None else Layout(**stored._asdict())

    def _draw(self, weight: Weight) -> NumpyArray:
        ordering = self.row.fans or self._ordering
        return initializers.draw(weight.initializer, weight.public_shape, dim_ordering=ordering)

    @property
    def _ordering(self) -> str:
        """The dim_ordering; without spatial axes there is one way to store weights."""
        return self.dim_ordering if "data_format" in vars(self) else "tf"
