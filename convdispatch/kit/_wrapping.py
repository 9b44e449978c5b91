"""A model as a pure function and a dictionary of arrays, where that is what users write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.ops import Model, Tensor


class Apply:
    """A pure function of weights by path and inputs; `training` is the one to train by.

    `trainable` holds the paths of the weights that a trainer may change.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        named = model.named_weights()
        self.trainable = frozenset(path for path, (_, may_change) in named.items() if may_change)

    def __call__(self, weights: Mapping[str, Tensor], inputs: Any) -> Any:
        """Return the outputs."""
        return self._model.apply(weights, inputs)

    def training(
        self, weights: Mapping[str, Tensor], inputs: Any, key: Tensor
    ) -> tuple[Any, Mapping[str, Tensor]]:
        """Return the outputs, and new values of some weights by path.

        `key` is one of the backend's `random`.
        """
        training = getattr(self._model, "training", None)
        return (self(weights, inputs), {}) if training is None else training(weights, inputs, key)


def as_function(model: Model) -> tuple[Apply, dict[str, Tensor]]:
    """Return `(apply, weights)`: the model's function and its weights by path."""
    named = model.named_weights()
    return Apply(model), {path: tensor for path, (tensor, _) in named.items()}
