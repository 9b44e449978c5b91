"""The convolutional recurrent layers of Keras 2.2.4, under its module path: rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.arguments import IntOrTuple
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.facades.phased import Phased
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
)

__all__ = [
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
]

class ConvLSTM1D(Keras2Layer, Phased, layers.ConvLSTM1D):
    """`convdispatch.layers.ConvLSTM1D` in the words of Keras 2.2.4.

    Keep a state of sequences: long short-term memory whose products are convolutions.

        input             (batch, steps, length, channels)
        output            (batch, new length, filters), or with `return_sequences`
                          (batch, steps, new length, filters)
        kernel            (*kernel_size, channels, 4 * filters)
        recurrent kernel  (*kernel_size, filters, 4 * filters)
        bias              (4 * filters,)

    With `data_format='channels_first'` the channels come before the cells. The new sizes are
    those of `Conv1D` with these strides, padding and dilation. The state's convolution has strides
    of 1 and 'same', so the state keeps its size.

    The filters are those of the gates i, f, c and o, in this order. With z the sum of the two
    convolutions and the bias, and s the recurrent activation:

        c = s(z_f) * c + s(z_i) * activation(z_c)
        h = s(z_o) * activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 3 `ConvLSTM1D` (Shi et al., arXiv:1506.04214).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ConvLSTM1D
    >>> open_gates = [np.array([100.0, 100, 1, 100]).reshape(1, 1, 4),
    ...               np.zeros((1, 1, 4)), np.zeros(4)]
    >>> layer = ConvLSTM1D(1, 1, activation="linear", weights=open_gates)
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1)).ravel()
    array([4., 6.])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class ConvLSTM2D(Keras2Layer, Phased, layers.ConvLSTM2D):
    """`convdispatch.layers.ConvLSTM2D` in the words of Keras 2.2.4.

    Keep a state of images: long short-term memory whose products are convolutions.

        input             (batch, steps, rows, cols, channels)
        output            (batch, new rows, new cols, filters), or with `return_sequences`
                          (batch, steps, new rows, new cols, filters)
        kernel            (*kernel_size, channels, 4 * filters)
        recurrent kernel  (*kernel_size, filters, 4 * filters)
        bias              (4 * filters,)

    With `data_format='channels_first'` the channels come before the rows. The new sizes are
    those of `Conv2D` with these strides, padding and dilation. The state's convolution has strides
    of 1 and 'same', so the state keeps its size.

    The filters are those of the gates i, f, c and o, in this order. With z the sum of the two
    convolutions and the bias, and s the recurrent activation:

        c = s(z_f) * c + s(z_i) * activation(z_c)
        h = s(z_o) * activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 3 `ConvLSTM2D` (Shi et al., arXiv:1506.04214).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ConvLSTM2D
    >>> open_gates = [np.array([100.0, 100, 1, 100]).reshape(1, 1, 1, 4),
    ...               np.zeros((1, 1, 1, 4)), np.zeros(4)]
    >>> layer = ConvLSTM2D(1, 1, activation="linear", weights=open_gates)
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 2, 1, 2, 1)).ravel()
    array([4., 6.])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class ConvLSTM3D(Keras2Layer, Phased, layers.ConvLSTM3D):
    """`convdispatch.layers.ConvLSTM3D` in the words of Keras 2.2.4.

    Keep a state of volumes: long short-term memory whose products are convolutions.

        input             (batch, steps, planes, rows, cols, channels)
        output            (batch, new sizes..., filters), or with `return_sequences`
                          (batch, steps, new sizes..., filters)
        kernel            (*kernel_size, channels, 4 * filters)
        recurrent kernel  (*kernel_size, filters, 4 * filters)
        bias              (4 * filters,)

    With `data_format='channels_first'` the channels come before the planes. The new sizes are
    those of `Conv3D` with these strides, padding and dilation. The state's convolution has strides
    of 1 and 'same', so the state keeps its size.

    The filters are those of the gates i, f, c and o, in this order. With z the sum of the two
    convolutions and the bias, and s the recurrent activation:

        c = s(z_f) * c + s(z_i) * activation(z_c)
        h = s(z_o) * activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 3 `ConvLSTM3D` (Shi et al., arXiv:1506.04214).

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import ConvLSTM3D
    >>> open_gates = [np.array([100.0, 100, 1, 100]).reshape(1, 1, 1, 1, 4),
    ...               np.zeros((1, 1, 1, 1, 4)), np.zeros(4)]
    >>> layer = ConvLSTM3D(1, 1, activation="linear", weights=open_gates)
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 2, 1, 1, 2, 1)).ravel()
    array([4., 6.])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None: ...
