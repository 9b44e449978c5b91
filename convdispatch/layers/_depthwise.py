"""Depthwise convolution: each input channel has kernels of its own."""

from __future__ import annotations

import math
from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import IntOrTuple, as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight, kernel_reader
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.layers._epilogue import split_activation
from convdispatch.layers._kernel_layer import KernelLayer
from convdispatch.layers._one_kernel import one_kernel_plan
from convdispatch.ops import PartialShape, Shape
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
)


class DepthwiseStep(KernelLayer):
    """The common part of depthwise and separable convolutions: the depthwise kernel and its op."""

    is_flippable = False
    size_arguments = ("depth_multiplier", *KernelLayer.size_arguments)

    def _keep_depthwise(
        self,
        depth_multiplier: int,
        initializer: InitializerLike,
        regularizer: RegularizerLike,
        constraint: ConstraintLike,
    ) -> None:
        self.depth_multiplier = as_int(depth_multiplier, "depth_multiplier")
        self._keep_weight_options("depthwise", initializer, regularizer, constraint)

    @property
    def depthwise_kernel(self) -> Any:
        """The kernel variable, None before `build`."""
        return self._variable("depthwise_kernel")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "depth_multiplier": self.depth_multiplier,
            **self._weight_options_config("depthwise"),
        }

    def _depthwise_output_shape(self, shape: PartialShape) -> PartialShape:
        channels = shape[self._channel_axis]
        filters = None if channels is None else channels * self.depth_multiplier
        return self._with_spatial(self._conv_output_sizes(self._spatial(shape)), filters)

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


class DepthwiseConv(DepthwiseStep):
    """Convolution of each channel with `depth_multiplier` kernels of its own.

    The kernel is (*spatial, channels, depth_multiplier); output channel
    `channel * depth_multiplier + m` is `channel` correlated with its kernel m. It is not flipped
    under the theano convention, as in Keras 2's Theano backend. Source: Keras 2.2.4
    `DepthwiseConv2D`, with the dilation that 2.3.1 added.
    """

    def __init__(
        self,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        depth_multiplier: int = 1,
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        kernel_size: taps along each axis: an integer for all axes, or one an axis.
        strides: cells from one position of the kernel to the next.
        padding: 'valid' reads inside the input, 'same' gives ceil(size / stride) cells, 'full'
            reads wherever a tap meets a cell.
        depth_multiplier: kernels, and output channels, of each input channel.
        data_format: where the channels are; None takes the configured one.
        dilation_rate: cells from one tap of the kernel to the next.
        activation: applied to the result: a word, a configuration or a function of tensors.
        use_bias: whether a number of its own is added to each output channel.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: of the depthwise kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: of the output, summed over the batch.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self._keep_geometry(kernel_size, strides, padding, dilation_rate)
        self._keep_epilogue(activation, use_bias, activity_regularizer)
        self._keep_weight_options("bias", bias_initializer, bias_regularizer, bias_constraint)
        self._keep_depthwise(
            depth_multiplier, depthwise_initializer, depthwise_regularizer, depthwise_constraint
        )

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, the bias counted as one."""
        return math.prod(self.kernel_size) + self.use_bias

    def resolve(self, spec: Spec) -> Resolved:
        shape = self._check_input_shape(spec.shape)

        def declare() -> tuple[Weight, ...]:
            kernel = self._depthwise_weight(shape)
            filters = self._channels(shape) * self.depth_multiplier
            return (kernel, self._weight("bias", (filters,))) if self.use_bias else (kernel,)

        def lower(dtype: str, activation: Any) -> Function:
            (kernel, *bias), backend = resolved.declarations, self._backend()
            fused, finish = split_activation(activation, backend, dtype)
            grouped = self._grouped_kernel_shape(shape)
            op = self._depthwise_op(shape, bias=self.use_bias, activation=fused)
            shapes = (grouped, *(weight.shape for weight in bias))
            lowered = self._lower_op(op, shape[1:], shapes, dtype)
            read_kernel = kernel_reader(kernel, grouped, backend.functions)
            return one_kernel_plan(lowered, read_kernel, finish)

        resolved = Resolved(
            output_shape=self._depthwise_output_shape(shape),
            declare=declare,
            lower=self._lowered_once(lower),
        )
        return resolved


class DepthwiseConv1D(DepthwiseConv):
    """Convolve each channel of a sequence with kernels of its own.

        input   (batch, steps, channels)
        output  (batch, new steps, channels * depth_multiplier)
        kernel  (*kernel_size, channels, depth_multiplier)
        bias    (channels * depth_multiplier,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 3 `DepthwiseConv1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import DepthwiseConv1D
    >>> layer = DepthwiseConv1D(2, use_bias=False, weights=[np.ones((2, 2, 1))])
    >>> layer(np.array([[[1.0, 10], [2, 20], [3, 30]]]))[0]
    array([[ 3., 30.],
           [ 5., 50.]])
    """

    rank = 1
    default_data_format = "channels_last"


class DepthwiseConv2D(DepthwiseConv):
    """Convolve each channel of an image with kernels of its own.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels * depth_multiplier)
        kernel  (*kernel_size, channels, depth_multiplier)
        bias    (channels * depth_multiplier,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 2.2.4 `DepthwiseConv2D`, with 2.3.1's dilation.

    >>> import numpy as np
    >>> from convdispatch.layers import DepthwiseConv2D
    >>> kernel = np.stack([np.ones((2, 2, 1)), np.full((2, 2, 1), 10.0)], axis=2)
    >>> layer = DepthwiseConv2D(2, use_bias=False, weights=[kernel])
    >>> layer(np.ones((1, 2, 2, 2))).ravel()
    array([ 4., 40.])
    """

    rank = 2
