"""Global pooling: the largest number or the average of all cells of each channel."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar, Unpack

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.plans import Function, in_float32
from convdispatch.engine.resolved import Forward, Resolved
from convdispatch.engine.specs import Spec
from convdispatch.layers._pooling import OF_DIVISION
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import HALF_DTYPES
from convdispatch.types import DataFormat


class GlobalPoolingLayer(SpatialLayer):
    """All cells of each channel as one number."""

    family = "pooling"
    function: ClassVar[str]  # of the backend's table

    def __init__(
        self,
        data_format: DataFormat | None = None,
        keepdims: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        data_format: where the channels are; None takes the configured one.
        keepdims: whether the spatial axes stay, with one cell each.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self.keepdims = as_bool(keepdims, "keepdims")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"keepdims": self.keepdims}

    def resolve(self, spec: Spec) -> Resolved:
        shape = self._check_input_shape(spec.shape)
        first = 1 if self.channels_last else 2
        axes, keepdims = tuple(range(first, first + self.rank)), self.keepdims

        def lower(dtype: str, activation: Any) -> Function:
            reduce = self._backend().functions[self.function]
            return lambda weights, inputs: reduce(inputs, axes, keepdims=keepdims)

        channels = shape[self._channel_axis]
        kept = self._with_spatial((1,) * self.rank, channels)
        return Resolved(output_shape=kept if keepdims else (None, channels), lower=lower)


class GlobalMaxPooling(GlobalPoolingLayer):
    """The largest number of each channel."""

    function = "max"
    window_by_functions = "max"


class GlobalAveragePooling(GlobalPoolingLayer):
    """The average of each channel."""

    function = "mean"
    window_by_functions = "average"

    @property
    def reduction_length(self) -> int:
        """How many numbers are summed into one output, and the division."""
        self.ensure_built("reduction_length")
        return math.prod(size or 0 for size in self._spatial(self.built_shape)) + OF_DIVISION


class GlobalAveragePooling1D(MaskedLayer, GlobalAveragePooling):
    """Take the average of each sequence, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, channels)

    Of a sequence with a mask only the steps that count are averaged; where none counts, the result
    is NaN, as in Keras.

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalAveragePooling1D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import GlobalAveragePooling1D
    >>> GlobalAveragePooling1D()(np.array([1.0, 3]).reshape(1, 2, 1))
    array([[2.]])
    """

    rank = 1
    default_data_format = "channels_last"

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec; it takes a mask beside them."""
        resolved = super().resolve(spec)

        def lower(dtype: str, activation: Any) -> Forward:
            average = resolved.lower(dtype, activation)

            def forward(weights: Any, inputs: Any, *mask: Any) -> Any:
                return self._of_steps(inputs, *mask) if mask else average(weights, inputs)

            is_half = dtype in HALF_DTYPES
            return in_float32(forward, self._backend(), dtype) if is_half else forward

        return replace(resolved, lower=lower)

    @property
    def _steps_axis(self) -> int:
        return 1 if self.channels_last else 2

    def _of_steps(self, inputs: Any, mask: Any) -> Any:
        backend = self._backend()
        f: Any = backend.functions
        steps = self._steps_axis
        batch, count = f["shape"](mask)
        sizes = (batch, count, 1) if self.channels_last else (batch, 1, count)
        counts = f["reshape"](backend.cast(mask, backend.describe(inputs)[1]), sizes)
        kept = f["where"](f["greater"](counts, 0), inputs, 0.0)
        total, number = (f["sum"](x, (steps,), keepdims=self.keepdims) for x in (kept, counts))
        return total / number


class GlobalAveragePooling2D(GlobalAveragePooling):
    """Take the average of each image, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalAveragePooling2D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1))
    array([[3.5]])
    """

    rank = 2


class GlobalAveragePooling3D(GlobalAveragePooling):
    """Take the average of each volume, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalAveragePooling3D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import GlobalAveragePooling3D
    >>> GlobalAveragePooling3D()(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1))
    array([[3.5]])
    """

    rank = 3


class GlobalMaxPooling1D(GlobalMaxPooling):
    """Take the largest number of each sequence, for each channel apart.

        input   (batch, steps, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalMaxPooling1D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D()(np.array([1.0, 3]).reshape(1, 2, 1))
    array([[3.]])
    """

    rank = 1
    default_data_format = "channels_last"


class GlobalMaxPooling2D(GlobalMaxPooling):
    """Take the largest number of each image, for each channel apart.

        input   (batch, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalMaxPooling2D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.array([1.0, 3, 2, 8]).reshape(1, 2, 2, 1))
    array([[8.]])
    """

    rank = 2


class GlobalMaxPooling3D(GlobalMaxPooling):
    """Take the largest number of each volume, for each channel apart.

        input   (batch, planes, rows, cols, channels)
        output  (batch, channels)

    With `data_format='channels_first'` the channels of the input are axis 1. With `keepdims=True`
    the spatial axes stay, with one cell each.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `GlobalMaxPooling3D`; `keepdims` as in Keras 3.

    >>> import numpy as np
    >>> from convdispatch.layers import GlobalMaxPooling3D
    >>> GlobalMaxPooling3D()(np.array([1.0, 3, 2, 8]).reshape(1, 1, 2, 2, 1))
    array([[8.]])
    """

    rank = 3
