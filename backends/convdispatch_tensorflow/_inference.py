"""A function of one tensor, traced once for all batch sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch_tensorflow._framework import tf

# Traces that are kept, as many as a layer keeps plans; the first one makes room for another.
KEPT = 128

Key = tuple[tuple[int | None, ...], Any]  # sizes but the batch's, element type


class Inference:
    """Runs a function by its trace for the tensor's sizes but the batch's, and its element type.

    `tf.function` itself would trace for each batch size and keep every trace; and to find the right
    one takes it 70 microseconds a call.
    """

    def __init__(self, fn: Callable[[Any], Any]) -> None:
        self._fn = fn
        self._traces: dict[Key, Callable[[Any], Any]] = {}

    def __call__(self, inputs: Any) -> Any:
        """Return the function's result for a tensor or a variable."""
        if isinstance(inputs, tf.Variable):
            inputs = tf.convert_to_tensor(inputs)
        key = tuple(inputs.shape.as_list()[1:]), inputs.dtype
        trace = self._traces.get(key) or self._traced(key, inputs)
        return trace(inputs)

    def _traced(self, key: Key, inputs: Any) -> Callable[[Any], Any]:
        shape = inputs.shape.as_list()
        batch = shape[:1] and [None]  # a scalar has none, which is for the function to refuse
        spec = tf.TensorSpec([*batch, *shape[1:]], inputs.dtype)
        # Without autograph, as in `TensorflowBackend.compile`.
        function = tf.function(self._fn, autograph=False)
        trace: Callable[[Any], Any] = function.get_concrete_function(spec)
        while len(self._traces) >= KEPT:
            self._traces.pop(next(iter(self._traces)), None)
        self._traces[key] = trace
        return trace
