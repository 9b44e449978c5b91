"""The layers of noise of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from convdispatch import layers
from convdispatch.facades.phased import Phased
from convdispatch.keras2.layers._layer import Keras2Layer

__all__ = [
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
]

class AlphaDropout(Keras2Layer, Phased, layers.AlphaDropout):
    """`convdispatch.layers.AlphaDropout` in the words of Keras 2.2.4.

    Replace numbers with probability `rate` in training, keeping mean 0 and variance 1.

        input   any shape, with numbers of mean 0 and variance 1 as selu gives them
        output  the same

    The numbers left out become the least value of selu. Then all numbers are scaled and shifted so
    that mean and variance stay. A call outside of training returns its input. Which numbers are
    left out is decided by the key of the step and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that `noise_shape` does not fit.

    Source: Keras 2.2.4 `AlphaDropout` (Klambauer et al., arXiv:1706.02515), which changes nothing
    where `rate` is 1.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import AlphaDropout
    >>> AlphaDropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

class GaussianDropout(Keras2Layer, Phased, layers.GaussianDropout):
    """`convdispatch.layers.GaussianDropout` in the words of Keras 2.2.4.

    Multiply by normally distributed numbers of mean 1 in training.

        input   any shape
        output  the same

    Their standard deviation is sqrt(rate / (1 - rate)), that of what `Dropout` multiplies by. A
    call outside of training returns its input. The numbers are decided by the key of the step and
    the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 2.2.4 `GaussianDropout` (Srivastava et al., JMLR 15, 2014), which changes nothing
    where `rate` is 1.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GaussianDropout
    >>> GaussianDropout(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """

class GaussianNoise(Keras2Layer, Phased, layers.GaussianNoise):
    """`convdispatch.layers.GaussianNoise` in the words of Keras 2.2.4.

    Add normally distributed numbers of mean 0 in training.

        input   any shape
        output  the same

    A call outside of training returns its input. The numbers are decided by the key of the step
    and the layer's place in the model.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type.

    Source: Keras 2.2.4 `GaussianNoise`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import GaussianNoise
    >>> GaussianNoise(0.5)(np.array([[1.0, 2.0]]))
    array([[1., 2.]])
    """
