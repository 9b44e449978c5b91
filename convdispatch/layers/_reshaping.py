"""A layer without weights that moves cells about: one op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch import ops
from convdispatch.engine.plans import Function
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import PartialShape, Shape


class ReshapingLayer(SpatialLayer):
    """A spatial layer that is one op without weights."""

    def _op(self) -> ops.Op:
        raise NotImplementedError

    def _output_size(self, size: int, axis: int) -> int:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None."""
        shape = self._check_input_shape(input_shape)
        sizes = [
            None if size is None else self._output_size(size, axis)
            for axis, size in enumerate(self._spatial(shape))
        ]
        return self._with_spatial(shape, sizes, shape[self._channel_axis])

    def _lower(self, input_shape: Shape, dtype: str, *, activation: Any) -> Function:
        lowered = self._lower_op(self._op(), input_shape, (), dtype)
        return lambda weights, inputs: lowered(inputs)
