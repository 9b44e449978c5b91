"""Convolution over one, two or three spatial axes, grouped or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from convdispatch import ops
from convdispatch.layers._arguments import IntOrTuple
from convdispatch.layers._one_kernel import OneKernelLayer
from convdispatch.ops import PartialShape, Shape
from convdispatch.vocabulary import Identifier


class Conv(OneKernelLayer):
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
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: Identifier = None,
        use_bias: bool = True,
        kernel_initializer: Identifier = "glorot_uniform",
        bias_initializer: Identifier = "zeros",
        kernel_regularizer: Identifier = None,
        bias_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        kernel_constraint: Identifier = None,
        bias_constraint: Identifier = None,
        groups: int = 1,
        **options: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            groups=groups,
            **options,
        )

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, the bias counted as one."""
        self.ensure_built("reduction_length")
        return math.prod(self._weights[0].shape[:-1]) + self.use_bias

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None."""
        shape = self._check_input_shape(input_shape)
        sizes = self._conv_output_sizes(self._spatial(shape))
        return self._with_spatial(shape, sizes, self.filters)

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, channels // self.groups, self.filters)

    def _op(self, shape: PartialShape, *, activation: str) -> ops.Op:
        return ops.Conv(
            strides=self.strides,
            pads=self._conv_pads(self._spatial(shape)),
            dilation=self.dilation_rate,
            groups=self.groups,
            channels_last=self.channels_last,
            bias=self.use_bias,
            activation=activation,
        )


class Conv1D(Conv):
    """`Conv` over one spatial axis; `padding` may also be 'causal'.

    As in Keras 2 the data format is 'channels_last' unless given, whatever the configuration.
    """

    rank = 1
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "causal", "full")
    default_data_format = "channels_last"


class Conv2D(Conv):
    """`Conv` over two spatial axes."""

    rank = 2


class Conv3D(Conv):
    """`Conv` over three spatial axes."""

    rank = 3
