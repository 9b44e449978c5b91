"""A model as a pure function and a dictionary of arrays, and a layer as a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from convdispatch.errors import InvalidArgument, InvalidType
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


class HasWeights(Protocol):
    """A layer or a model, as `numbered` takes it."""

    backend: str

    @property
    def weights(self) -> Sequence[Tensor]:
        """The native tensors that it computes with."""

    @property
    def trainable_weights(self) -> Sequence[Tensor]:
        """Those of them that a trainer may change."""

    def ensure_built(self, purpose: str) -> None:
        """Make the weights if there are none."""

    def adopt(self, variables: Sequence[Tensor]) -> None:
        """Compute with these tensors from now on."""

    def apply(self, weights: Sequence[Tensor], inputs: Any) -> Any:
        """Compute with other weights."""


class Numbered:
    """A layer as a `Model` whose weights are 'weights/0', 'weights/1' and so on.

    `trainable` says of each of them whether the layer lets a trainer change it.
    """

    def __init__(self, layer: HasWeights) -> None:
        self.layer = layer

    @property
    def trainable(self) -> list[bool]:
        """Whether a trainer may change each weight."""
        trainable = {id(weight) for weight in _natives(self.layer.trainable_weights)}
        return [id(weight) in trainable for weight in _natives(self.layer.weights)]

    def named_weights(self) -> dict[str, tuple[Tensor, bool]]:
        """Return all weights, as such that a trainer may change."""
        held = _natives(self.layer.weights)
        return {f"weights/{place}": (one, True) for place, one in enumerate(held)}

    def apply(self, weights: Mapping[str, Tensor], inputs: Any) -> Any:
        """Compute with these weights."""
        return self.layer.apply(list(weights.values()), inputs)

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Compute with these tensors from now on."""
        self.layer.adopt(list(weights.values()))


def _natives(weights: Sequence[Any]) -> list[Tensor]:
    """Return the native tensors of weights, which some layers give as variables of their own."""
    return [getattr(weight, "native", weight) for weight in weights]


def numbered(layer: HasWeights, *, backend: str, purpose: str) -> Numbered:
    """Return a layer or a model of that backend as a `Model`, built if need be.

    `purpose` is the name of the function that a user called, for messages.
    """
    if not (hasattr(layer, "adopt") and hasattr(layer, "backend")):
        raise InvalidType(
            "`layer` must be a convdispatch layer or a Sequential; received "
            f"{type(layer).__name__}."
        )
    if layer.backend != backend:
        raise InvalidArgument(
            f"`{purpose}` takes layers and models of the backend {backend!r}; received one of "
            f"{layer.backend!r}. Wrap `layer.to({backend!r})` instead."
        )
    layer.ensure_built(purpose)
    return Numbered(layer)
