"""The layers of noise of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras1.layers._layer import Keras1Layer

__all__ = [
    "GaussianDropout",
    "GaussianNoise",
]

class GaussianDropout(Keras1Layer, layers.GaussianDropout):
    """Multiply by normally distributed numbers of mean 1 in training.

        input   any shape
        output  the same

    Their standard deviation is sqrt(rate / (1 - rate)), that of what `Dropout` multiplies by. A
    call outside of training returns its input. The numbers are decided by the key of the step and
    the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 1.2.2 `GaussianDropout`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GaussianDropout
    >>> GaussianDropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    def __init__(
        self,
        p: float,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class GaussianNoise(Keras1Layer, layers.GaussianNoise):
    """Add normally distributed numbers of mean 0 in training.

        input   any shape
        output  the same

    A call outside of training returns its input. The numbers are decided by the key of the step
    and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 1.2.2 `GaussianNoise`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GaussianNoise
    >>> GaussianNoise(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

    def __init__(
        self,
        sigma: float,
        **options: Unpack[LayerOptions],
    ) -> None: ...
