"""A convdispatch layer or model as a `torch.nn.Module`, for what only takes modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch


class HasWeights(Protocol):
    """What `as_module` wraps: a built layer or model on this backend."""

    @property
    def weights(self) -> Sequence[Any]:
        """The native tensors that it computes with."""

    @property
    def trainable_weights(self) -> Sequence[Any]:
        """Those of them that a trainer may change."""

    def apply(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Compute with other weights."""


class LayerModule(torch.nn.Module):
    """A module whose parameters are the weights of a layer, shared with it, not copied.

    Tools that exchange a module's parameters while it runs (`torch.export`, `functional_call`,
    sharding wrappers) are obeyed: the layer computes with those that the module has at the time.
    Those of layers with `trainable=False` require no gradient.
    """

    def __init__(self, layer: HasWeights) -> None:
        super().__init__()
        self.layer = layer
        self.weights = torch.nn.ParameterList(layer.weights)
        trainable = {id(weight) for weight in layer.trainable_weights}
        for weight in self.weights:
            weight.requires_grad_(id(weight) in trainable)

    def forward(self, inputs: torch.Tensor) -> Any:
        """Apply the layer with the parameters that the module has now."""
        return self.layer.apply(list(self.weights), inputs)


def as_module(layer: HasWeights) -> LayerModule:
    """Return a module that computes as `layer` does and trains its weights.

    Build the layer first: the module takes the weights that it finds, which must be parameters of
    this backend.
    """
    return LayerModule(layer)
