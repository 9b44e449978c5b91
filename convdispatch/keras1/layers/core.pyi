"""The core layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras1.layers._layer import Keras1Layer

__all__ = [
    "Dropout",
]

class Dropout(Keras1Layer, layers.Dropout):
    """Leave out numbers with probability `p` in training; divide the others by 1 - `p`.

        input   any shape
        output  the same

    A call outside of training returns its input. Which numbers are left out is decided by the key
    of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 1.2.2 `Dropout`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    def __init__(
        self,
        p: float,
        **options: Unpack[LayerOptions],
    ) -> None: ...
