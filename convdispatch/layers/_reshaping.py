"""A layer without weights that moves cells about: one op."""

from __future__ import annotations

from typing import Any

from convdispatch import ops
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import PartialShape


class ReshapingLayer(SpatialLayer):
    """A spatial layer that is one op without weights."""

    family = "shaping"

    def _op(self, sizes: PartialShape) -> ops.Op:
        """Return the op that gives outputs of these sizes."""
        raise NotImplementedError

    def _output_size(self, size: int, axis: int) -> int:
        raise NotImplementedError

    def _output_sizes(self, sizes: PartialShape) -> PartialShape:
        return tuple(
            None if size is None else self._output_size(size, axis)
            for axis, size in enumerate(sizes)
        )

    def resolve(self, spec: Spec) -> Resolved:
        shape = self._check_input_shape(spec.shape)
        sizes = self._output_sizes(self._spatial(shape))

        def lower(dtype: str, activation: Any) -> Function:
            self._channels(shape)
            lowered = self._lower_op(self._op(sizes), shape[1:], (), dtype)
            return lambda weights, inputs: lowered(inputs)

        channels = shape[self._channel_axis]
        return Resolved(output_shape=self._with_spatial(sizes, channels), lower=lower)
