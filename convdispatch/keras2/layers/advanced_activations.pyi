"""The activations with parameters of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras2.layers._exceptions import Sloped
from convdispatch.keras2.layers._layer import Keras2Layer

__all__ = [
    "ELU",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    "ThresholdedReLU",
]

class ELU(Keras2Layer, layers.ELU):
    """`convdispatch.layers.ELU` in the words of Keras 2.2.4.

    Keep positive numbers; the others become alpha * (exp(x) - 1).

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ELU` (Clevert et al., arXiv:1511.07289).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ELU
    >>> ELU()(np.array([[-np.inf, 2.0]]))
    array([[-1.,  2.]])
    """

class LeakyReLU(Keras2Layer, Sloped, layers.LeakyReLU):
    """Keep positive numbers; multiply the others by a small slope.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `LeakyReLU`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]])
    """

    def __init__(
        self,
        alpha: float = 0.3,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class PReLU(Keras2Layer, layers.PReLU):
    """`convdispatch.layers.PReLU` in the words of Keras 2.2.4.

    Keep positive numbers; multiply the others by a weight.

        input   (batch, ...)
        output  the same
        alpha   the shape of a sample, with 1 for each of the `shared_axes`

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for a shared axis that the input does not have, and for sizes that
    the layer was not built for; `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `PReLU` (He et al., arXiv:1502.01852).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import PReLU
    >>> PReLU(weights=[np.array([0.5, 0.25])])(np.array([[-1.0, -1.0], [2.0, 2.0]]))
    array([[-0.5 , -0.25],
           [ 2.  ,  2.  ]])
    """

class ReLU(Keras2Layer, layers.ReLU):
    """`convdispatch.layers.ReLU` in the words of Keras 2.2.4.

    Keep numbers between a threshold and a greatest number.

        input   any shape
        output  the same

    Numbers above `max_value` become `max_value`; those up to the threshold become
    negative_slope * (x - threshold).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ReLU`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ReLU
    >>> ReLU(6.0, negative_slope=0.5)(np.array([[-1.0, 2.0, 7.0]]))
    array([[-0.5,  2. ,  6. ]])
    """

class Softmax(Keras2Layer, layers.Softmax):
    """`convdispatch.layers.Softmax` in the words of Keras 2.2.4.

    Turn the numbers along an axis into probabilities: exp(x) / sum(exp(x)).

        input   (batch, ...)
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an axis that the input does not have; `InvalidType` for integers
    and for a tensor of another framework.

    Source: Keras 2.2.4 `Softmax`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Softmax
    >>> Softmax()(np.array([[5.0, 5.0]]))
    array([[0.5, 0.5]])
    """

class ThresholdedReLU(Keras2Layer, layers.ThresholdedReLU):
    """`convdispatch.layers.ThresholdedReLU` in the words of Keras 2.2.4.

    Keep numbers above a threshold; the others become 0.

        input   any shape
        output  the same

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `ThresholdedReLU` (Konda et al., arXiv:1402.3337).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ThresholdedReLU
    >>> ThresholdedReLU()(np.array([[0.5, 1.0, 2.0]]))
    array([[0., 0., 2.]])
    """
