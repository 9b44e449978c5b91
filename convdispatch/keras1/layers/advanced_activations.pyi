"""The activations with parameters of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions, OptionsBesideWeights
from convdispatch.keras1.layers._exceptions import Sloped
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.types import InitializerLike

__all__ = [
    "ELU",
    "LeakyReLU",
    "PReLU",
    "ThresholdedReLU",
]

class ELU(Keras1Layer, layers.ELU):
    """Keep positive numbers; the others become alpha * (exp(x) - 1).

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `ELU`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ELU
    >>> ELU()(np.array([[-np.inf, 2.0]]))
    array([[-1.,  2.]])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class LeakyReLU(Keras1Layer, Sloped, layers.LeakyReLU):
    """Keep positive numbers; multiply the others by a small slope.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `LeakyReLU`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]])
    """

    def __init__(
        self,
        alpha: float = 0.3,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class PReLU(Keras1Layer, layers.PReLU):
    """Keep positive numbers; multiply the others by a weight.

        input   (batch, ...)
        output  the same
        alpha   the shape of a sample, with 1 for each of the `shared_axes`

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for a shared axis that the input does not have, and for sizes that
    the layer was not built for; `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `PReLU`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import PReLU
    >>> PReLU(weights=[np.array([0.5, 0.25])])(np.array([[-1.0, -1.0], [2.0, 2.0]]))
    array([[-0.5 , -0.25],
           [ 2.  ,  2.  ]])
    """

    def __init__(
        self,
        init: InitializerLike = "zero",
        weights: Sequence[Any] | None = None,
        shared_axes: int | Sequence[int] | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class ThresholdedReLU(Keras1Layer, layers.ThresholdedReLU):
    """Keep numbers above a threshold; the others become 0.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `ThresholdedReLU`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ThresholdedReLU
    >>> ThresholdedReLU()(np.array([[0.5, 1.0, 2.0]]))
    array([[0., 0., 2.]])
    """

    def __init__(
        self,
        theta: float = 1.0,
        **options: Unpack[LayerOptions],
    ) -> None: ...
