"""Transposed convolution: the adjoint of a convolution, at a stated output size."""

from __future__ import annotations

import math
from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import IntOrTuple
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._transposed_sizes import TransposedSizes
from convdispatch.ops import PartialShape, Shape
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
)


class ConvTransposeLayer(TransposedSizes):
    """Transposed convolution with a kernel (*spatial, filters / groups, input channels).

    The output's size is Keras's default for `output_padding=None`, the formula
    `(size - 1) * stride + reach - 2 * pad + output_padding` for a given one, or `output_size`
    itself. It must be a size from which the convolution gives the input's. Cells that the kernel
    does not reach hold the bias alone. Source: Keras 2.2.4 `Conv2DTranspose`, Dumoulin and Visin
    (arXiv:1603.07285).

    >>> import numpy as np
    >>> from convdispatch.layers import Conv1DTranspose
    >>> layer = Conv1DTranspose(1, 3, strides=2, padding="same", use_bias=False,
    ...                         weights=[np.array([1.0, 10, 100]).reshape(3, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([  1.,  10., 102.,  20.])
    """

    size_arguments = (*TransposedSizes.size_arguments, "output_padding", "output_size")

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        output_padding: IntOrTuple | None = None,
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        groups: int = 1,
        output_size: IntOrTuple | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        filters: channels of the output, a multiple of `groups`.
        kernel_size: taps along each axis: an integer for all axes, or one an axis.
        strides: cells from where one input cell writes to where the next does.
        padding: of the convolution that is transposed: 'valid', 'same' or 'full'.
        output_padding: cells beyond the smallest size, an axis; None asks for Keras's size.
        data_format: where the channels are; None takes the configured one.
        dilation_rate: cells from one tap of the kernel to the next.
        activation: applied to the result: a word, a configuration or a function of tensors.
        use_bias: whether a number of its own is added to each output channel.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: of the output, summed over the batch.
        groups: parts of the channels that are convolved apart; divides channels and `filters`.
        output_size: the cells of the result, an axis, instead of `output_padding`.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self._keep_geometry(kernel_size, strides, padding, dilation_rate)
        self._keep_epilogue(activation, use_bias, activity_regularizer)
        self._keep_weight_options("bias", bias_initializer, bias_regularizer, bias_constraint)
        self._keep_filters(filters, groups)
        self._keep_weight_options(
            "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self.output_padding = self._checked_output_padding(output_padding)
        self.output_size = self._checked_output_size(output_size)

    @property
    def reduction_length(self) -> int:
        """How many products are at most summed into one output, the bias counted as one."""
        self.ensure_built("reduction_length")
        *spatial, _, channels = self._declarations[0].shape
        return math.prod(spatial) * channels // self.groups + self.use_bias

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "output_padding": self.output_padding,
            "output_size": self.output_size,
        }

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, self.filters // self.groups, channels)

    def _sizes_of_output(self, sizes: PartialShape) -> PartialShape:
        return self._output_sizes(sizes)

    def _op(self, sizes: PartialShape, output_sizes: PartialShape, activation: str) -> ops.Op:
        return ops.ConvTranspose(
            strides=self.strides,
            pads=self._transposed_pads(sizes, output_sizes),
            dilation=self.dilation_rate,
            groups=self.groups,
            channels_last=self.channels_last,
            bias=self.use_bias,
            activation=activation,
            output_size=output_sizes,
        )


class Conv1DTranspose(ConvTransposeLayer):
    """Transposed convolution of sequences: each step writes a kernel.

        input   (batch, steps, channels)
        output  (batch, new steps, filters)
        kernel  (*kernel_size, filters / groups, channels)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  n * stride + max(reach - stride, 0)
        'same'   n * stride
        'full'   n * stride - (stride + reach - 2)

    `output_padding` or `output_size` asks for another of the sizes from which the convolution
    gives n cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for a
    size that no convolution gives; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 3 `Conv1DTranspose`.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv1DTranspose
    >>> layer = Conv1DTranspose(1, 3, strides=2, padding="same", use_bias=False,
    ...                         weights=[np.array([1.0, 10, 100]).reshape(3, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([  1.,  10., 102.,  20.])
    """

    rank = 1
    default_data_format = "channels_last"


class Conv2DTranspose(ConvTransposeLayer):
    """Transposed convolution of images: each cell writes a kernel.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, filters)
        kernel  (*kernel_size, filters / groups, channels)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  n * stride + max(reach - stride, 0)
        'same'   n * stride
        'full'   n * stride - (stride + reach - 2)

    `output_padding` or `output_size` asks for another of the sizes from which the convolution
    gives n cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for a
    size that no convolution gives; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv2DTranspose`.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv2DTranspose
    >>> layer = Conv2DTranspose(1, 2, strides=2, use_bias=False, weights=[np.ones((2, 2, 1, 1))])
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 2, 1))[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """

    rank = 2


class Conv3DTranspose(ConvTransposeLayer):
    """Transposed convolution of volumes: each cell writes a kernel.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, filters)
        kernel  (*kernel_size, filters / groups, channels)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  n * stride + max(reach - stride, 0)
        'same'   n * stride
        'full'   n * stride - (stride + reach - 2)

    `output_padding` or `output_size` asks for another of the sizes from which the convolution
    gives n cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for a
    size that no convolution gives; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv3DTranspose`.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv3DTranspose
    >>> layer = Conv3DTranspose(1, (1, 1, 2), strides=(1, 1, 2), use_bias=False,
    ...                         weights=[np.array([1.0, 10]).reshape(1, 1, 2, 1, 1)])
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 1, 2, 1)).ravel()
    array([ 1., 10.,  2., 20.])
    """

    rank = 3
