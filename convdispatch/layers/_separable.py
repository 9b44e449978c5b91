"""Depthwise separable convolution: a depthwise convolution, then a pointwise one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import IntOrTuple, as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight, kernel_reader
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.formulas.activations import Activation
from convdispatch.layers._depthwise import DepthwiseStep
from convdispatch.layers._epilogue import split_activation
from convdispatch.ops import PartialShape, Tensor
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
)


class SeparableConv(DepthwiseStep):
    """A depthwise convolution followed by one over single cells that mixes the channels.

    Strides, padding and dilation belong to the depthwise step; bias and activation come once,
    after the pointwise one. The kernels are (*spatial, channels, depth_multiplier) and
    (*ones, channels * depth_multiplier, filters). Source: Keras 2.2.4 `_SeparableConv`.
    """

    size_arguments = ("filters", *DepthwiseStep.size_arguments)

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        pointwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        pointwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        pointwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        filters: channels of the output.
        kernel_size: taps along each axis: an integer for all axes, or one an axis.
        strides: cells from one position of the kernel to the next.
        padding: 'valid' reads inside the input, 'same' gives ceil(size / stride) cells, 'full'
            reads wherever a tap meets a cell.
        data_format: where the channels are; None takes the configured one.
        dilation_rate: cells from one tap of the kernel to the next.
        depth_multiplier: depthwise kernels of each input channel.
        activation: applied to the result: a word, a configuration or a function of tensors.
        use_bias: whether a number of its own is added to each output channel.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: of the depthwise kernel.
        pointwise_initializer, pointwise_regularizer, pointwise_constraint: of the pointwise kernel.
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
        self.filters = as_int(filters, self.spelled("filters"))
        self._keep_weight_options(
            "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint
        )

    @property
    def pointwise_kernel(self) -> Any:
        """The pointwise kernel variable, None before `build`."""
        return self._variable("pointwise_kernel")

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output over both steps, the bias as one."""
        self.ensure_built("reduction_length")
        return math.prod(self.kernel_size) + self._declarations[1].shape[-2] + self.use_bias

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "filters": self.filters,
            **self._weight_options_config("pointwise"),
        }

    def resolve(self, spec: Spec) -> Resolved:
        shape = self._check_input_shape(spec.shape)
        between = self._depthwise_output_shape(shape)

        def declare() -> tuple[Weight, ...]:
            mixed = self._channels(shape) * self.depth_multiplier
            depthwise = self._depthwise_weight(shape)
            pointwise = self._weight("pointwise_kernel", (*(1,) * self.rank, mixed, self.filters))
            bias = (self._weight("bias", (self.filters,)),) if self.use_bias else ()
            return (depthwise, pointwise, *bias)

        def lower(dtype: str, activation: Any) -> Function:
            return self._lower_both(resolved.declarations, shape, between, dtype, activation)

        resolved = Resolved(
            output_shape=self._with_spatial(self._spatial(between), self.filters),
            declare=declare,
            lower=self._lowered_once(lower),
        )
        return resolved

    def _rounds_between(self, activation: Any) -> bool:
        return isinstance(activation, Activation)

    def _lower_both(
        self,
        weights: Sequence[Weight],
        shape: PartialShape,
        between: PartialShape,
        dtype: str,
        activation: Any,
    ) -> Function:
        depthwise, pointwise, *bias = weights
        backend = self._backend()
        fused, finish = split_activation(activation, backend, dtype)
        grouped = self._grouped_kernel_shape(shape)
        first = self._depthwise_op(shape, bias=False, activation="linear")
        apply_depthwise = self._lower_op(first, shape[1:], (grouped,), dtype)
        second = self._pointwise_op(activation=fused)
        shapes = (pointwise.shape, *(weight.shape for weight in bias))
        apply_pointwise = self._lower_op(second, between[1:], shapes, dtype)
        read_depthwise = kernel_reader(depthwise, grouped, backend.functions) or _same
        read_pointwise = kernel_reader(pointwise, pointwise.shape, backend.functions) or _same

        def plan(weights: Any, inputs: Tensor) -> Tensor:
            first_kernel, second_kernel, *bias = weights
            outputs = apply_depthwise(inputs, read_depthwise(first_kernel))
            outputs = apply_pointwise(outputs, read_pointwise(second_kernel), *bias)
            return outputs if finish is None else finish(outputs)

        return plan

    def _pointwise_op(self, *, activation: str) -> ops.Conv:
        ones = (1,) * self.rank
        return ops.Conv(
            strides=ones,
            pads=((0, 0),) * self.rank,
            dilation=ones,
            groups=1,
            channels_last=self.channels_last,
            bias=self.use_bias,
            activation=activation,
        )


def _same(kernel: Tensor) -> Tensor:
    return kernel


class SeparableConv1D(SeparableConv):
    """Convolve each channel of a sequence, then mix the channels.

        input             (batch, steps, channels)
        output            (batch, new steps, filters)
        depthwise kernel  (*kernel_size, channels, depth_multiplier)
        pointwise kernel  (1, channels * depth_multiplier, filters)
        bias              (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv1D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 2.2.4 `SeparableConv1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import SeparableConv1D
    >>> layer = SeparableConv1D(1, 2, use_bias=False,
    ...                         weights=[np.ones((2, 1, 1)), np.full((1, 1, 1), 10.0)])
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([30., 50.])
    """

    rank = 1
    default_data_format = "channels_last"


class SeparableConv2D(SeparableConv):
    """Convolve each channel of an image, then mix the channels.

        input             (batch, rows, cols, channels)
        output            (batch, new rows, new cols, filters)
        depthwise kernel  (*kernel_size, channels, depth_multiplier)
        pointwise kernel  (1, 1, channels * depth_multiplier, filters)
        bias              (filters,)

    With `data_format='channels_first'` the channels of input and output are axis 1. The sizes are
    those of `Conv2D`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for,
    and for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 2.2.4 `SeparableConv2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import SeparableConv2D
    >>> layer = SeparableConv2D(1, 2, use_bias=False,
    ...                         weights=[np.ones((2, 2, 1, 1)), np.full((1, 1, 1, 1), 10.0)])
    >>> layer(np.ones((1, 2, 3, 1))).ravel()
    array([40., 40.])
    """

    rank = 2
