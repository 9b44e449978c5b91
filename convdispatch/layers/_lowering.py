"""The common part of layers that are made of ops: one op lowered and recorded."""

from __future__ import annotations

from collections.abc import Callable

from convdispatch import ops
from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import record
from convdispatch.ops import PartialShape, Shape, Tensor
from convdispatch.runtime.dispatch import lower_by


class LoweringLayer(Layer):
    """A layer that lowers ops."""

    def _lower_op(
        self, op: ops.Op, input_shape: PartialShape, weight_shapes: tuple[Shape, ...], dtype: str
    ) -> Callable[..., Tensor]:
        signature = ops.Signature(input_shape=input_shape, weight_shapes=weight_shapes, dtype=dtype)
        by, function = lower_by(self._backend(), op, signature)
        record(op, signature, by)
        return function
