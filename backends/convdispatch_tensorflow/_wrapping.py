"""A model as a `tf.Module`, whose variables are the model's own."""

from __future__ import annotations

from typing import Any

from convdispatch.kit import as_function
from convdispatch.ops import Model
from convdispatch_tensorflow._framework import tf


class WrappedModel(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    """A module that computes as the model does; `weights` holds its variables by path.

    Called with `training=True` it computes as the model does in training, with a key that comes of
    `tf.random`, and stores what the model then says of its weights.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._apply, weights = as_function(model)
        self.weights: dict[str, Any] = weights

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables, in the model's order."""
        return tuple(self.weights.values())

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those that a trainer may change."""
        trainable = self._apply.trainable
        return tuple(self.weights[path] for path in self.weights if path in trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """Those that a trainer must leave alone."""
        trainable = self._apply.trainable
        return tuple(self.weights[path] for path in self.weights if path not in trainable)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """Return the model's outputs."""
        weights = dict(self.weights)
        if not training:
            return self._apply(weights, inputs)
        key = tf.random.uniform([2], tf.int32.min, tf.int32.max, tf.int32)
        outputs, updates = self._apply.training(weights, inputs, key)
        for path, value in updates.items():
            self.weights[path].assign(value)
        return outputs
