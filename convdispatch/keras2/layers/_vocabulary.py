"""What makes a layer one of Keras 2's."""

from __future__ import annotations

import inspect
from typing import Any

from convdispatch import layers
from convdispatch.formulas.vocabulary import KERAS2


class Keras2Layer(layers.Layer):
    """What makes a layer one of Keras 2's: its vocabulary and its module path."""

    vocabulary = KERAS2
    door = "convdispatch.keras2.layers"

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Document the class as the one of `convdispatch.layers` that it extends."""
        super().__init_subclass__(**keywords)
        original = vars(layers).get(cls.__name__)
        if original is not None and cls.__module__.startswith(__package__ or ""):
            shown = inspect.cleandoc(original.__doc__ or "").replace(layers.__name__, cls.door)
            cls.__doc__ = f"{inspect.cleandoc(cls.__doc__ or '')}\n\n{shown}\n"
