"""The core layers of Keras 1.2.2, under its module path."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from convdispatch import layers
from convdispatch.doors.elsewhere import finder
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras1.layers._translation import Keras1Layer, Spelling

__all__ = ["Dropout"]


class Dropout(Keras1Layer, layers.Dropout):
    """Leave out each number with probability `p` in training, and divide the others by 1 - p.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 1.2.2 `Dropout`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    spelling: ClassVar[Spelling] = {"rate": "p", "noise_shape": None, "seed": None}

    def __init__(self, p: float, **options: Unpack[LayerOptions]) -> None:
        super().__init__(p, **options)


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
