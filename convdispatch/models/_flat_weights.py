"""The weights of all layers as one flat list, and back to each layer's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.layers import Layer
from convdispatch.layers._weights import Weight, checked_values, require_as_many
from convdispatch.ops import NumpyArray


class StackedWeights:
    """Something made of layers, whose weights are those of all, layer by layer."""

    name: str
    _layers: list[Layer]

    def _built_layers(self) -> list[Layer]:
        raise NotImplementedError

    @property
    def variables(self) -> list[Any]:
        """The native tensors that hold the weights, layer by layer."""
        return [variable for layer in self._layers for variable in layer.variables]

    weights = variables

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that a trainer may change."""
        return [variable for layer in self._layers for variable in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that a trainer must leave alone."""
        return [variable for layer in self._layers for variable in layer.non_trainable_weights]

    @property
    def losses(self) -> list[Any]:
        """The regularization losses of all layers, as native scalars."""
        return [loss for layer in self._layers for loss in layer.losses]

    def penalties(self, weights: Sequence[Any]) -> list[Any]:
        """Return the regularization losses of other weights: a pure function, beside `apply`."""
        parts = by_layer(self._built_layers(), weights, owner=self.name)
        return [loss for layer, own in parts for loss in layer.penalties(own)]

    def get_weights(self) -> list[NumpyArray]:
        """Return the weights of all layers as NumPy arrays."""
        return [array for layer in self._built_layers() for array in layer.get_weights()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all weights new values: all of them or, where one does not fit, none."""
        set_all_weights(self._built_layers(), weights, owner=self.name)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum(layer.count_params() for layer in self._built_layers())

    def apply_constraints(self) -> None:
        """Project the weights onto their constraints, as a trainer does after each update."""
        for layer in self._layers:
            layer.apply_constraints()


def set_all_weights(layers: Sequence[Layer], weights: Sequence[Any], *, owner: str) -> None:
    """Set the layers' weights, once all of the list has been found to fit."""
    values = checked_values(weights, _declared(layers), owner=owner)
    for layer, own in by_layer(layers, values, owner=owner):
        layer.set_weights(own)


def by_layer(
    layers: Sequence[Layer], weights: Sequence[Any], *, owner: str
) -> list[tuple[Layer, Sequence[Any]]]:
    """Return each layer with its weights; raise unless the list has exactly those of all."""
    require_as_many(weights, _declared(layers), owner=owner)
    pairs = []
    start = 0
    for layer in layers:
        stop = start + len(layer.declared_weights)
        pairs.append((layer, weights[start:stop]))
        start = stop
    return pairs


def _declared(layers: Sequence[Layer]) -> list[Weight]:
    return [weight for layer in layers for weight in layer.declared_weights]
