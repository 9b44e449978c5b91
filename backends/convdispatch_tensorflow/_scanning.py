"""A loop over the first axis of tensors, within one graph."""

from __future__ import annotations

from typing import Any

from convdispatch.ops import Scan, ScanStep
from convdispatch_tensorflow._framework import tf


def compile_scan(step: ScanStep) -> Scan:
    """Return `run(weights, state, inputs)` as a `tf.while_loop`."""

    def run(weights: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
        steps = inputs[0].shape[0]
        if steps is None:  # a second length is traced for any length
            steps = tf.shape(inputs[0])[0]
        written = tf.TensorArray(state[0].dtype, size=steps)

        def body(place: Any, held: Any, outputs: Any) -> tuple[Any, Any, Any]:
            after, output = step(weights, held, tuple(one[place] for one in inputs))
            return place + 1, after, outputs.write(place, output)

        _, last, outputs = tf.while_loop(
            lambda place, *_: place < steps,
            body,
            (tf.constant(0), state, written),
            maximum_iterations=steps,  # which XLA needs for gradients
        )
        return last, outputs.stack()

    compiled: Scan = tf.function(run, autograph=False, reduce_retracing=True)
    return compiled
