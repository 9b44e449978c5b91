"""The base of a script's own layers, in the words of Keras 2."""

from __future__ import annotations

from typing import ClassVar

from convdispatch.formulas.dialects import KERAS2, Dialect
from convdispatch.symbolic.custom import CustomLayer


class Layer(CustomLayer):
    """The base of a script's own layers, which define `build(input_shape)` and `call(x)`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = "convdispatch.keras2.layers"
