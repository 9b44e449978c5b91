"""Depthwise separable convolution: a depthwise convolution, then a pointwise one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from convdispatch import ops
from convdispatch.activations import Activation
from convdispatch.layers._arguments import IntOrTuple, as_int
from convdispatch.layers._convolutional import split_activation
from convdispatch.layers._depthwise import DepthwiseConv
from convdispatch.layers._plans import Function
from convdispatch.layers._weights import Weight, kernel_reader
from convdispatch.ops import PartialShape, Shape, Tensor
from convdispatch.vocabulary import Identifier


class SeparableConv(DepthwiseConv):
    """A depthwise convolution followed by one over single cells that mixes the channels.

    Strides, padding and dilation belong to the depthwise step; bias and activation come once,
    after the pointwise one. The kernels are (*spatial, channels, depth_multiplier) and
    (*ones, channels * depth_multiplier, filters). Source: Keras 2.2.4 `_SeparableConv`.
    """

    size_arguments = ("filters", *DepthwiseConv.size_arguments)

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: IntOrTuple = 1,
        depth_multiplier: int = 1,
        activation: Identifier = None,
        use_bias: bool = True,
        depthwise_initializer: Identifier = "glorot_uniform",
        pointwise_initializer: Identifier = "glorot_uniform",
        bias_initializer: Identifier = "zeros",
        depthwise_regularizer: Identifier = None,
        pointwise_regularizer: Identifier = None,
        bias_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        depthwise_constraint: Identifier = None,
        pointwise_constraint: Identifier = None,
        bias_constraint: Identifier = None,
        **options: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides=strides,
            padding=padding,
            depth_multiplier=depth_multiplier,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            **options,
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
        return math.prod(self.kernel_size) + self._weights[1].shape[-2] + self.use_bias

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None."""
        shape = super().compute_output_shape(input_shape)
        return self._with_spatial(shape, self._spatial(shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "filters": self.filters,
            **self._weight_options_config("pointwise"),
        }

    def _declare(self, input_shape: PartialShape) -> tuple[Weight, ...]:
        mixed = self._channels(input_shape) * self.depth_multiplier
        depthwise = self._depthwise_weight(input_shape)
        pointwise = self._weight("pointwise_kernel", (*(1,) * self.rank, mixed, self.filters))
        bias = (self._weight("bias", (self.filters,)),) if self.use_bias else ()
        return (depthwise, pointwise, *bias)

    def _rounds_between(self, activation: Any) -> bool:
        return isinstance(activation, Activation)

    def _lower_steps(self, input_shape: Shape, dtype: str, *, activation: Any) -> Function:
        shape = (None, *input_shape)
        depthwise, pointwise, *bias = self._declare(shape)
        backend = self._backend()
        fused, finish = split_activation(activation, backend, dtype)
        grouped = self._grouped_kernel_shape(shape)
        first = self._depthwise_op(shape, bias=False, activation="linear")
        apply_depthwise = self._lower_op(first, input_shape, (grouped,), dtype)
        middle = super().compute_output_shape(shape)
        apply_pointwise = self._lower_op(
            self._pointwise_op(activation=fused),
            tuple(size or 0 for size in middle[1:]),
            (pointwise.shape, *(weight.shape for weight in bias)),
            dtype,
        )
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
    """`SeparableConv` over one spatial axis; 'channels_last' unless given."""

    rank = 1
    default_data_format = "channels_last"


class SeparableConv2D(SeparableConv):
    """`SeparableConv` over two spatial axes."""

    rank = 2
