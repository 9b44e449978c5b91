"""Any model as what `Backend.wrap` takes: named weights and pure functions of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.engine.functional import in_order
from convdispatch.models.parts import AnyModel, require_model
from convdispatch.ops import Tensor
from convdispatch.runtime.dispatch import require_feature
from convdispatch.runtime.registry import registry


def wrap(model: AnyModel) -> object:
    """Return the model as an object of its backend's framework, with the model's own weights.

    Raises `UnsupportedOp` where the backend declines 'wrap'.

    >>> from convdispatch import Sequential
    >>> from convdispatch.layers import Conv1D
    >>> model = Sequential([Conv1D(1, 2, name="c", input_shape=(4, 1))], backend="numpy")
    >>> apply, weights = wrap(model)
    >>> list(weights), sorted(apply.trainable)
    (['c/kernel', 'c/bias'], ['c/bias', 'c/kernel'])
    """
    require_model(model)
    backend = registry.load(model.backend)
    require_feature(backend, "wrap")
    model.ensure_built("wrap")
    return backend.wrap(NamedWeights(model))


class NamedWeights:
    """A model that is built, as the Protocol `convdispatch.ops.TrainableModel` describes it."""

    def __init__(self, model: AnyModel) -> None:
        self.model = model
        self._declared = model.functional().weights

    def named_weights(self) -> dict[str, tuple[Tensor, bool]]:
        """Return by path each weight's native tensor and whether a trainer may change it."""
        return dict(zip(self._declared, self.model.named_weights().values(), strict=True))

    def apply(self, weights: Mapping[str, Tensor], inputs: Any) -> Any:
        """Compute with these weights."""
        return self.model.apply(in_order(self._declared, weights), inputs)

    def training(
        self, weights: Mapping[str, Tensor], inputs: Any, key: Tensor
    ) -> tuple[Any, Mapping[str, Tensor]]:
        """Compute as in training; return the outputs and new values of weights by path."""
        outputs, effects = self.model.apply_training(in_order(self._declared, weights), inputs, key)
        # Layers and models may have other names by now.
        paths = dict(zip(self.model.functional().weights, self._declared, strict=True))
        return outputs, {paths[path]: new for path, new in effects.updates.items()}

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Compute with these tensors from now on."""
        self.model.adopt([weights[path] for path in self._declared])
