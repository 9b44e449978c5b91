"""The locally connected layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.arguments import IntOrTuple
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.facades.input_length import InputByLength
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    RegularizerLike,
)

__all__ = [
    "LocallyConnected1D",
    "LocallyConnected2D",
]

class LocallyConnected1D(Keras2Layer, InputByLength, layers.LocallyConnected1D):
    """`convdispatch.layers.LocallyConnected1D` in the words of Keras 2.2.4.

    `input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the input's
    channels and steps.

    Slide over the steps with a kernel that is another one at each of them.

        input   (batch, steps, channels)
        output  (batch, new steps, filters), with ceil((steps - kernel_size + 1) / stride) steps
        kernel  (new steps, kernel_size * channels, filters)
        bias    (new steps, filters)

    A cell's kernel has the taps in order, each with its channels. With
    `data_format='channels_first'` the channels of input and output are axis 1, and the kernel has
    the channels in order, each with its taps; the bias is read as (filters, new steps).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels or steps that the layer was not built for,
    and for fewer steps than the kernel has taps; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `LocallyConnected1D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import LocallyConnected1D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10]]).reshape(3, 2, 1)
    >>> layer = LocallyConnected1D(1, 2, use_bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([ 1.,  3., 70.])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: str = "valid",
        data_format: DataFormat | None = None,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        *,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class LocallyConnected2D(Keras2Layer, layers.LocallyConnected2D):
    """`convdispatch.layers.LocallyConnected2D` in the words of Keras 2.2.4.

    Slide over rows and columns with a kernel that is another one at each place.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, filters), of an axis with n cells
                ceil((n - kernel_size + 1) / stride)
        kernel  (new rows * new cols, numbers of a window, filters)
        bias    (new rows, new cols, filters)

    A window has the product of `kernel_size` times the channels as numbers. A cell's kernel has the
    taps in order, row by row, each with its channels. With `data_format='channels_first'` the
    channels of input and output are axis 1, and the kernel has the channels in order, each with its
    taps; the bias is read as (filters, new rows, new cols).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels or cells that the layer was not built for,
    and for fewer cells than the kernel has taps; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `LocallyConnected2D`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import LocallyConnected2D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10], [2, 0]]).reshape(4, 2, 1)
    >>> layer = LocallyConnected2D(1, (1, 2), use_bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4, 5, 6]).reshape(1, 2, 3, 1)).ravel()
    array([ 1.,  3., 90., 10.])
    """
