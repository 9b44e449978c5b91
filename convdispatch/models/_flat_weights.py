"""The weights of all layers as one flat list, and back to each layer's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.layers import Layer
from convdispatch.layers._weights import Weight, checked_values, require_as_many


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
