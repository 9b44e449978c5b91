"""Flatten: all axes but the batch become one."""

from __future__ import annotations

import math
from typing import Any, Unpack

from convdispatch.engine.arguments import as_data_format
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.types import DataFormat


class Flatten(Layer):
    """Put all numbers of a sample in one row.

        input   (batch, ...)
        output  (batch, numbers)

    With `data_format='channels_first'` the channels, on axis 1, come last within the row, so that
    the row is the same for both data formats.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input that has only a batch axis or an axis without cells;
    `InvalidType` for a tensor of another framework. Integers stay integers.

    Source: Keras 2.2.4 `Flatten`.

    >>> import numpy as np
    >>> from convdispatch.layers import Flatten
    >>> Flatten()(np.arange(4.0).reshape(1, 2, 2))
    array([[0., 1., 2., 3.]])
    """

    family = "shaping"
    only_moves = True

    def __init__(
        self, data_format: DataFormat | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        """Check and keep the arguments.

        data_format: where the channels are; None takes the configured one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(**options)
        self.data_format = as_data_format(data_format)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"data_format": self.data_format}

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec: one axis beside the batch."""
        shape = spec.shape
        if len(shape) < 2 or 0 in shape[1:]:
            raise InvalidShape(
                f"{self._title} takes inputs with two axes or more and at least one cell on every "
                f"axis but the batch; received shape {shape}."
            )
        sizes = [size for size in shape[1:] if size is not None]
        numbers = math.prod(sizes) if len(sizes) == len(shape) - 1 else None
        is_moved = self.data_format == "channels_first" and len(shape) > 2

        def lower(dtype: str, activation: Any) -> Function:
            functions = self._backend().functions
            reshape, transpose = functions["reshape"], functions["transpose"]
            axes, sizes_of = (0, *range(2, len(shape)), 1), functions["shape"]
            known = None if numbers is None else (-1, numbers)

            def flat(weights: Any, inputs: Any) -> Any:
                row: Any = known
                if row is None:
                    sizes: Any = sizes_of(inputs)
                    row = -1, math.prod(sizes[1:])
                return reshape(transpose(inputs, axes) if is_moved else inputs, row)

            return flat

        return Resolved(output_shape=(None, numbers), lower=lower)
