"""Convolution over one, two or three spatial axes, grouped or not."""

from __future__ import annotations

import math
from typing import ClassVar, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import IntOrTuple
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._one_kernel import OneKernelLayer
from convdispatch.ops import PartialShape, Shape
from convdispatch.types import (
    ActivationLike,
    CausalPadding,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    RegularizerLike,
)


class ConvLayer(OneKernelLayer):
    """Convolution with a kernel (*spatial, input channels / groups, filters) and a bias.

    Maps (batch, *spatial, channels) to (batch, *new spatial, filters), or the same with the
    channels on axis 1. Strides and dilation may be combined: padding is computed for the true
    stride. Source: Keras 2.2.4 `_Conv`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv1D
    >>> layer = Conv1D(1, 3, strides=2, padding="same", use_bias=False,
    ...                weights=[np.array([1.0, 10, 100]).reshape(3, 1, 1)])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([321.,  43.])
    """

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: CausalPadding = "valid",
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
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        filters: channels of the output, a multiple of `groups`.
        kernel_size: taps along each axis: an integer for all axes, or one an axis.
        strides: cells from one position of the kernel to the next.
        padding: 'valid' reads inside the input, 'same' gives ceil(size / stride) cells, 'full'
            reads wherever a tap meets a cell, and Conv1D's 'causal' reads no later step.
        data_format: where the channels are; None takes the configured one.
        dilation_rate: cells from one tap of the kernel to the next.
        activation: applied to the result: a word, a configuration or a function of tensors.
        use_bias: whether a number of its own is added to each output channel.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: of the output, summed over the batch.
        groups: parts of the channels that are convolved apart; divides channels and `filters`.
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

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, the bias counted as one."""
        self.ensure_built("reduction_length")
        return math.prod(self._declarations[0].shape[:-1]) + self.use_bias

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, channels // self.groups, self.filters)

    def _sizes_of_output(self, sizes: PartialShape) -> PartialShape:
        return self._conv_output_sizes(sizes)

    def _op(self, sizes: PartialShape, output_sizes: PartialShape, activation: str) -> ops.Op:
        return ops.Conv(
            strides=self.strides,
            pads=self._conv_pads(sizes),
            dilation=self.dilation_rate,
            groups=self.groups,
            channels_last=self.channels_last,
            bias=self.use_bias,
            activation=activation,
        )


class Conv1D(ConvLayer):
    """Convolve sequences: a kernel slides over the steps.

        input   (batch, steps, channels)
        output  (batch, new steps, filters)
        kernel  (*kernel_size, channels / groups, filters)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'           ceil((n - reach + 1) / stride)
        'same', 'causal'  ceil(n / stride)
        'full'            ceil((n + reach - 1) / stride)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for
    fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv1D`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv1D
    >>> layer = Conv1D(1, 3, strides=2, padding="same", use_bias=False,
    ...                weights=[np.array([1.0, 10, 100]).reshape(3, 1, 1)])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([321.,  43.])
    """

    rank = 1
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "causal", "full")
    default_data_format = "channels_last"


class Conv2D(ConvLayer):
    """Convolve images: a kernel slides over rows and columns.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, filters)
        kernel  (*kernel_size, channels / groups, filters)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  ceil((n - reach + 1) / stride)
        'same'   ceil(n / stride)
        'full'   ceil((n + reach - 1) / stride)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for
    fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv2D`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv2D
    >>> layer = Conv2D(1, 2, use_bias=False, weights=[np.ones((2, 2, 1, 1))])
    >>> layer(np.arange(9.0).reshape(1, 3, 3, 1))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """

    rank = 2


class Conv3D(ConvLayer):
    """Convolve volumes: a kernel slides over planes, rows and columns.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, filters)
        kernel  (*kernel_size, channels / groups, filters)
        bias    (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1.

    An axis of n cells gets, with reach = (kernel_size - 1) * dilation_rate + 1:

        'valid'  ceil((n - reach + 1) / stride)
        'same'   ceil(n / stride)
        'full'   ceil((n + reach - 1) / stride)

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels that the layer was not built for, and for
    fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of another
    framework. Channels that `groups` does not divide are an `InvalidShape`, too.

    Source: Keras 2.2.4 `Conv3D`; `groups` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import Conv3D
    >>> layer = Conv3D(1, 2, use_bias=False, weights=[np.ones((2, 2, 2, 1, 1))])
    >>> layer(np.ones((1, 2, 2, 3, 1))).ravel()
    array([8., 8.])
    """

    rank = 3
