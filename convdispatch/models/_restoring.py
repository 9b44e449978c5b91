"""The weights of a file in the layers of a model.

A file lists the arrays of each layer of the model, those of a model in it as one list: first what
may be trained of all its layers, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidDocument
from convdispatch.models._model import Model
from convdispatch.models._sequential import Sequential
from convdispatch.saving.checkpoint import Checkpoint, StoredLayer

Slot = tuple[int, int]  # the identity of a layer, and the place of one of its weights


def restore_weights(model: Sequential | Model, checkpoint: Checkpoint) -> None:
    """Give all weights of a model the values of a file; raise if one does not fit, change none."""
    model.ensure_built("load_weights")
    stored = [layer for layer in checkpoint.layers if layer.arrays]
    wanted = [(member, slots) for member in model.layers if (slots := slots_of(member))]
    if len(stored) != len(wanted):
        raise InvalidDocument(
            f"the file has weights for {len(stored)} layers and {model.name!r} for {len(wanted)}."
        )
    found: dict[Slot, Any] = {}
    for layer, (member, slots) in zip(stored, wanted, strict=True):
        found.update(_pairs(layer, member, slots))
    layers = model._built_layers()
    model.set_weights(
        [
            found[id(layer), place]
            for layer in layers
            for place, _ in enumerate(lasting(layer.declared_weights))
        ]
    )


def slots_of(member: Any) -> list[Slot]:
    """Return the weights of a layer or of a nested model in the order of files."""
    if isinstance(member, Layer):
        return [(id(member), place) for place, _ in enumerate(lasting(member.declared_weights))]
    ordered: list[Slot] = []
    for are_trained in (True, False):
        for layer in _innermost(member):
            for place, weight in enumerate(lasting(layer.declared_weights)):
                if (layer.trainable and weight.trainable) == are_trained:
                    ordered.append((id(layer), place))
    return ordered


def _innermost(member: Any) -> Iterator[Layer]:
    for one in member.layers:
        if isinstance(one, Layer):
            yield one
        else:
            yield from _innermost(one)


def _pairs(layer: StoredLayer, member: Any, slots: Sequence[Slot]) -> Iterator[tuple[Slot, Any]]:
    if len(layer.arrays) != len(slots):
        raise InvalidDocument(
            f"the file has {len(layer.arrays)} arrays for {layer.name!r} and {member.name!r} "
            f"has {len(slots)} weights."
        )
    for slot, array in zip(slots, layer.arrays, strict=True):
        yield slot, array.read()
