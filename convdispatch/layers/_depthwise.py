"""Depthwise convolution: each input channel has kernels of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from convdispatch import ops
from convdispatch.layers._arguments import IntOrTuple, as_int
from convdispatch.layers._convolutional import ConvolutionalLayer, split_activation
from convdispatch.layers._one_kernel import one_kernel_plan
from convdispatch.layers._plans import Function
from convdispatch.layers._weights import Weight, kernel_reader
from convdispatch.ops import PartialShape, Shape
from convdispatch.vocabulary import Identifier


class DepthwiseConv(ConvolutionalLayer):
    """Convolution of each channel with `depth_multiplier` kernels of its own.

    The kernel is (*spatial, channels, depth_multiplier); output channel
    `channel * depth_multiplier + m` is `channel` correlated with its kernel m. It is not flipped
    under the theano convention, as in Keras 2's Theano backend. Source: Keras 2.2.4
    `DepthwiseConv2D`, with the dilation that 2.3.1 added.
    """

    is_flippable = False
    size_arguments = ("depth_multiplier", *ConvolutionalLayer.size_arguments)

    def __init__(
        self,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: Identifier = None,
        use_bias: bool = True,
        depthwise_initializer: Identifier = "glorot_uniform",
        bias_initializer: Identifier = "zeros",
        depthwise_regularizer: Identifier = None,
        bias_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        depthwise_constraint: Identifier = None,
        bias_constraint: Identifier = None,
        **options: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
            activity_regularizer=activity_regularizer,
            **options,
        )
        self.depth_multiplier = as_int(depth_multiplier, "depth_multiplier")
        self._keep_weight_options(
            "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )

    @property
    def depthwise_kernel(self) -> Any:
        """The kernel variable, None before `build`."""
        return self._variable("depthwise_kernel")

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, the bias counted as one."""
        return math.prod(self.kernel_size) + self.use_bias

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None."""
        shape = self._check_input_shape(input_shape)
        channels = shape[self._channel_axis]
        filters = None if channels is None else channels * self.depth_multiplier
        return self._with_spatial(shape, self._conv_output_sizes(self._spatial(shape)), filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "depth_multiplier": self.depth_multiplier,
            **self._weight_options_config("depthwise"),
        }

    def _declare(self, input_shape: PartialShape) -> tuple[Weight, ...]:
        kernel = self._depthwise_weight(input_shape)
        filters = self._channels(input_shape) * self.depth_multiplier
        return (kernel, self._weight("bias", (filters,))) if self.use_bias else (kernel,)

    def _depthwise_weight(self, input_shape: PartialShape) -> Weight:
        channels = self._channels(input_shape)
        return self._weight(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier)
        )

    def _depthwise_op(self, shape: PartialShape, *, bias: bool, activation: str) -> ops.Conv:
        return ops.Conv(
            strides=self.strides,
            pads=self._conv_pads(self._spatial(shape)),
            dilation=self.dilation_rate,
            groups=self._channels(shape),
            channels_last=self.channels_last,
            bias=bias,
            activation=activation,
        )

    def _grouped_kernel_shape(self, shape: PartialShape) -> Shape:
        """Return the depthwise kernel's shape as the op takes it: one input channel a group."""
        return (*self.kernel_size, 1, self._channels(shape) * self.depth_multiplier)

    def _lower_steps(self, input_shape: Shape, dtype: str, *, activation: Any) -> Function:
        shape = (None, *input_shape)
        kernel, *bias = self._declare(shape)
        backend = self._backend()
        fused, finish = split_activation(activation, backend, dtype)
        grouped = self._grouped_kernel_shape(shape)
        op = self._depthwise_op(shape, bias=self.use_bias, activation=fused)
        shapes = (grouped, *(weight.shape for weight in bias))
        lowered = self._lower_op(op, input_shape, shapes, dtype)
        return one_kernel_plan(lowered, kernel_reader(kernel, grouped, backend.functions), finish)


class DepthwiseConv1D(DepthwiseConv):
    """`DepthwiseConv` over one spatial axis; 'channels_last' unless given."""

    rank = 1
    default_data_format = "channels_last"


class DepthwiseConv2D(DepthwiseConv):
    """`DepthwiseConv` over two spatial axes."""

    rank = 2
