"""The base of Keras 2's layers: their names and their module path."""

from __future__ import annotations

from convdispatch.facades.classes import FacadeLayer
from convdispatch.formulas.dialects import KERAS2


class Keras2Layer(FacadeLayer):
    """A layer in the words of Keras 2."""

    dialect = KERAS2
    door = "convdispatch.keras2.layers"
