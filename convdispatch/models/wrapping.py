"""A layer or a stack of layers as what `Backend.wrap` takes: named weights and a pure function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.models._sequential import Sequential
from convdispatch.ops import Tensor
from convdispatch.runtime.dispatch import require_feature
from convdispatch.runtime.registry import registry


def wrap(model: Layer | Sequential) -> object:
    """Return the model as an object of its backend's framework, with the model's own weights.

    Raises `UnsupportedOp` where the backend declines 'wrap'.

    >>> from convdispatch.layers import Conv1D
    >>> model = Sequential([Conv1D(1, 2, name="c", input_shape=(4, 1))], backend="numpy")
    >>> apply, weights = wrap(model)
    >>> list(weights), sorted(apply.trainable)
    (['c/kernel', 'c/bias'], ['c/bias', 'c/kernel'])
    """
    backend = registry.load(model.backend)
    require_feature(backend, "wrap")
    model.ensure_built("wrap")
    return backend.wrap(NamedWeights(model))


class NamedWeights:
    """A built layer or stack whose weights are called 'layer/weight'."""

    def __init__(self, model: Layer | Sequential) -> None:
        self.model = model

    def named_weights(self) -> dict[str, tuple[Tensor, bool]]:
        """Return by path each weight's native tensor and whether a trainer may change it."""
        trainable = {id(tensor) for tensor in self.model.trainable_weights}
        variables = self.model.variables
        return {
            path: (variable, id(variable) in trainable)
            for path, variable in zip(self._paths(), variables, strict=True)
        }

    def apply(self, weights: Mapping[str, Tensor], inputs: Any) -> Any:
        """Compute with these weights."""
        return self.model.apply([weights[path] for path in self._paths()], inputs)

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Compute with these tensors from now on."""
        self.model.adopt([weights[path] for path in self._paths()])

    def _paths(self) -> Iterator[str]:
        layers = self.model.layers if isinstance(self.model, Sequential) else [self.model]
        for layer in layers:
            for declared in layer.declared_weights:
                yield f"{layer.name}/{declared.name}"
