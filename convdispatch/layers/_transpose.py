"""Transposed convolution: the adjoint of `Conv`, at a stated output size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from convdispatch import geometry, ops
from convdispatch.errors import InvalidArgument
from convdispatch.layers._arguments import IntOrTuple, as_ints
from convdispatch.layers._one_kernel import OneKernelLayer
from convdispatch.ops import PartialShape, Shape
from convdispatch.vocabulary import Identifier


class ConvTranspose(OneKernelLayer):
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

    size_arguments = (*OneKernelLayer.size_arguments, "output_padding", "output_size")

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: str = "valid",
        output_padding: IntOrTuple | None = None,
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
        output_size: IntOrTuple | None = None,
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
        self.output_padding = self._checked_output_padding(output_padding)
        self.output_size = self._checked_output_size(output_size)

    @property
    def reduction_length(self) -> int:
        """How many products are at most summed into one output, the bias counted as one."""
        self.ensure_built("reduction_length")
        *spatial, _, channels = self._weights[0].shape
        return math.prod(spatial) * channels // self.groups + self.use_bias

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None."""
        shape = self._check_input_shape(input_shape)
        return self._with_spatial(shape, self._output_sizes(self._spatial(shape)), self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "output_padding": self.output_padding,
            "output_size": self.output_size,
        }

    def _kernel_shape(self, channels: int) -> Shape:
        return (*self.kernel_size, self.filters // self.groups, channels)

    def _op(self, shape: PartialShape, *, activation: str) -> ops.Op:
        sizes = self._spatial(shape)
        output_sizes = self._output_sizes(sizes)
        return ops.ConvTranspose(
            strides=self.strides,
            pads=self._transposed_pads(sizes, output_sizes),
            dilation=self.dilation_rate,
            groups=self.groups,
            channels_last=self.channels_last,
            bias=self.use_bias,
            activation=activation,
            output_size=tuple(size or 0 for size in output_sizes),
        )

    def _transposed_pads(
        self, sizes: PartialShape, output_sizes: PartialShape
    ) -> tuple[tuple[int, int], ...]:
        return tuple(
            geometry.transposed_pads(
                size or 0,
                output or 0,
                taps,
                stride=stride,
                dilation=dilation,
                padding=self.padding,
                convention=self.convention,
            )
            for output, (size, taps, stride, dilation) in zip(
                output_sizes, self._axes(sizes), strict=True
            )
        )

    def _output_sizes(self, sizes: PartialShape) -> PartialShape:
        paddings = self.output_padding or (None,) * self.rank
        stated = self.output_size or (None,) * self.rank
        outputs = []
        for axis, (size, taps, stride, dilation) in enumerate(self._axes(sizes)):
            extra, wanted = paddings[axis], stated[axis]
            output = wanted or geometry.transposed_output_size(
                size,
                taps,
                stride=stride,
                dilation=dilation,
                padding=self.padding,
                output_padding=extra,
            )
            geometry.require_output(output, size=size, reason=self._reach(axis))
            if size is not None and output is not None:
                geometry.require_legal_transposed_size(
                    output,
                    size,
                    taps,
                    stride=stride,
                    dilation=dilation,
                    padding=self.padding,
                    convention=self.convention,
                    argument=self.spelled("output_size") if extra is None else "output_padding",
                )
            outputs.append(output)
        return tuple(outputs)

    def _checked_output_size(self, value: IntOrTuple | None) -> tuple[int, ...] | None:
        if value is not None and self.output_padding is not None:
            raise InvalidArgument(
                f"`output_padding` and `{self.spelled('output_size')}` both state the output's "
                f"size; received {self.output_padding!r} and {value!r}. Give one of them."
            )
        return None if value is None else as_ints(value, self.rank, self.spelled("output_size"))

    def _checked_output_padding(self, value: IntOrTuple | None) -> tuple[int, ...] | None:
        """Return one int an axis; those that no input size makes legal raise at once."""
        if value is None:
            return None
        extras = as_ints(value, self.rank, "output_padding", minimum=0)
        for extra, (_, taps, stride, dilation) in zip(
            extras, self._axes((None,) * self.rank), strict=True
        ):
            legal = geometry.legal_output_paddings(
                taps,
                stride=stride,
                dilation=dilation,
                padding=self.padding,
                convention=self.convention,
            )
            if extra not in legal:
                raise InvalidArgument(
                    f"`output_padding` must be from {legal.start} to {legal.stop - 1} for "
                    f"`kernel_size` {taps}, `strides` {stride} and `padding` {self.padding!r}; "
                    f"received {value!r}. Leave it out for Keras's default size."
                )
        return extras


class Conv1DTranspose(ConvTranspose):
    """`ConvTranspose` over one spatial axis; 'channels_last' unless given."""

    rank = 1
    default_data_format = "channels_last"


class Conv2DTranspose(ConvTranspose):
    """`ConvTranspose` over two spatial axes."""

    rank = 2


class Conv3DTranspose(ConvTranspose):
    """`ConvTranspose` over three spatial axes."""

    rank = 3
