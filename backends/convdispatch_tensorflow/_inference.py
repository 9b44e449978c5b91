"""A function of one tensor, traced once for all batch sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch_tensorflow import _samples
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
        if inputs.shape.rank is None:
            return self._fn(inputs)  # which complains of it
        batch, *sizes = inputs.shape.as_list() or [None]
        if not batch or tf.is_symbolic_tensor(inputs):
            # A part of another trace; or no sample, which is for the eager kernels or an error.
            return self._fn(inputs)
        key = tuple(sizes), inputs.dtype
        trace = self._traces.get(key) or self._traced(key)
        return trace(inputs)

    def _traced(self, key: Key) -> Callable[[Any], Any]:
        sizes, dtype = key
        # Without autograph, as in `TensorflowBackend.compile`.
        function = tf.function(self._fn, autograph=False)
        with _samples.promised():
            trace: Callable[[Any], Any] = function.get_concrete_function(
                tf.TensorSpec((None, *sizes), dtype)
            )
        while len(self._traces) >= KEPT:
            self._traces.pop(next(iter(self._traces)), None)
        self._traces[key] = trace
        return trace
