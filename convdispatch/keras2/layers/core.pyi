"""The core layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from convdispatch import layers
from convdispatch.keras2.layers._layer import Keras2Layer

__all__ = [
    "Dropout",
]

class Dropout(Keras2Layer, layers.Dropout):
    """`convdispatch.layers.Dropout` in the words of Keras 2.2.4.

    Leave out numbers with probability `rate` in training; divide the others by 1 - `rate`.

        input   any shape
        output  the same

    A call outside of training returns its input. Which numbers are left out is decided by the key
    of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that `noise_shape` does not fit.

    Source: Keras 2.2.4 `Dropout` (Srivastava et al., JMLR 15, 2014), which leaves nothing out where
    `rate` is 1.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Dropout
    >>> Dropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """
