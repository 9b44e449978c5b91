"""Pooling: the largest number or the average of each window of cells."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Unpack

from convdispatch import geometry, ops
from convdispatch.engine.arguments import IntOrTuple, as_choice, as_ints
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import PartialShape
from convdispatch.types import DataFormat, PoolPadding

# Roundings of a division and of making its divisor.
OF_DIVISION = 3


class PoolingLayer(SpatialLayer):
    """Each window of cells as one number, separately for each channel."""

    family = "pooling"
    kind: ClassVar[str]  # of the op
    size_arguments = ("pool_size", "strides")

    def __init__(
        self,
        pool_size: IntOrTuple = 2,
        strides: IntOrTuple | None = None,
        padding: PoolPadding = "valid",
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        pool_size: cells of a window along each axis: an integer for all axes, or one an axis.
        strides: cells from one window to the next; None takes `pool_size`.
        padding: 'valid' has windows inside the input, 'same' gives ceil(size / stride) windows.
        data_format: where the channels are; None takes the configured one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self.pool_size = as_ints(pool_size, self.rank, self.spelled("pool_size"))
        steps = self.pool_size if strides is None else strides
        self.strides = as_ints(steps, self.rank, self.spelled("strides"))
        self.padding = as_choice(padding, ("valid", "same"), self.spelled("padding"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
        }

    def resolve(self, spec: Spec) -> Resolved:
        shape = self._check_input_shape(spec.shape)
        sizes = self._spatial(shape)

        def lower(dtype: str, activation: Any) -> Function:
            self._channels(shape)
            pool = self._lower_op(self._op(sizes), shape[1:], (), dtype)
            return lambda weights, inputs: pool(inputs)

        channels = shape[self._channel_axis]
        output = self._with_spatial(self._output_sizes(sizes), channels)
        return Resolved(output_shape=output, lower=lower)

    def _output_sizes(self, sizes: PartialShape) -> PartialShape:
        outputs = []
        for axis, size in enumerate(sizes):
            window, stride = self.pool_size[axis], self.strides[axis]
            output = geometry.pool_output_size(size, window, stride=stride, padding=self.padding)
            reason = (
                f"`{self.spelled('pool_size')}` of {self.name!r} is {self.pool_size} and "
                f"`{self.spelled('padding')}` is {self.padding!r}"
            )
            self._require_output(output, sizes, axis, reason)
            outputs.append(output)
        return tuple(outputs)

    def _op(self, sizes: PartialShape) -> ops.Op:
        return ops.Pool(
            kind=self.kind,
            size=self.pool_size,
            strides=self.strides,
            pads=self._pads(sizes),
            counts_pads=False,
            channels_last=self.channels_last,
        )

    def _pads(self, sizes: PartialShape) -> tuple[tuple[int, int], ...]:
        """Return the pads; raise `InvalidShape` where they depend on a size that is unknown."""
        given: Any = {"padding": self.padding, "convention": self.convention}
        pads = []
        for axis, size in enumerate(sizes):
            window, stride = self.pool_size[axis], self.strides[axis]
            if size is None and geometry.pool_pads_need_size(window, stride=stride, **given):
                raise self._needs_size(
                    axis,
                    f"with `{self.spelled('padding')}` 'same' and `{self.spelled('strides')}` "
                    f"{stride} the pads depend on it",
                    "use 'valid' or a stride of 1",
                )
            pads.append(geometry.pool_pads(size or 0, window, stride=stride, **given))
        return tuple(pads)


class MaxPooling(PoolingLayer):
    """The largest number of each window."""

    kind = "max"


class AveragePooling(PoolingLayer):
    """The average of each window."""

    kind = "average"

    @property
    def reduction_length(self) -> int:
        """How many numbers are summed into one output, and the division."""
        return math.prod(self.pool_size) + OF_DIVISION


class MaxPooling1D(MaxPooling):
    """Take the largest number of each window of sequences, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `MaxPooling1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 4, 1)).ravel()
    array([3., 8.])
    """

    rank = 1
    default_data_format = "channels_last"


class MaxPooling2D(MaxPooling):
    """Take the largest number of each window of images, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `MaxPooling2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import MaxPooling2D
    >>> MaxPooling2D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1)).ravel()
    array([8.])
    """

    rank = 2


class MaxPooling3D(MaxPooling):
    """Take the largest number of each window of volumes, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `MaxPooling3D`.

    >>> import numpy as np
    >>> from convdispatch.layers import MaxPooling3D
    >>> MaxPooling3D((1, 2, 2))(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1)).ravel()
    array([8.])
    """

    rank = 3


class AveragePooling1D(AveragePooling):
    """Take the average of each window of sequences, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What
    lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `AveragePooling1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 4, 1)).ravel()
    array([2., 5.])
    """

    rank = 1
    default_data_format = "channels_last"


class AveragePooling2D(AveragePooling):
    """Take the average of each window of images, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What
    lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `AveragePooling2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import AveragePooling2D
    >>> AveragePooling2D(2)(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1)).ravel()
    array([3.5])
    """

    rank = 2


class AveragePooling3D(AveragePooling):
    """Take the average of each window of volumes, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets floor((n - pool_size) / stride) + 1 windows, with 'same' ceil(n / stride). What
    lies outside of the input does not count.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for fewer cells than a window has; `InvalidType`
    for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `AveragePooling3D`.

    >>> import numpy as np
    >>> from convdispatch.layers import AveragePooling3D
    >>> AveragePooling3D((1, 2, 2))(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1)).ravel()
    array([3.5])
    """

    rank = 3
