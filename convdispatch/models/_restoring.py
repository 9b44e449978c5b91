"""The weights of a file in the layers of a model.

A file lists the arrays of each layer of the model, those of a model in it as one list: first what
may be trained of all its layers, then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.errors import InvalidDocument
from convdispatch.models._file_order import Slot, slots_of
from convdispatch.models._model import Model
from convdispatch.models._restoring_paths import by_path
from convdispatch.models._sequential import Sequential
from convdispatch.saving.checkpoint import Checkpoint, StoredLayer


def restore_weights(model: Sequential | Model, checkpoint: Checkpoint) -> None:
    """Give all weights of a model the values of a file; raise if one does not fit, change none."""
    model.ensure_built("load_weights")
    matched = (_by_order if checkpoint.naming == "order" else by_path)(model, checkpoint)
    found: dict[Slot, Any] = {}
    for layer, member, slots in matched:
        found.update(_pairs(layer, member, slots))
    layers = model._built_layers()
    model.set_weights(
        [
            found[id(layer), place]
            for layer in layers
            for place, _ in enumerate(lasting(layer.declared_weights))
        ]
    )


def _by_order(
    model: Sequential | Model, checkpoint: Checkpoint
) -> list[tuple[StoredLayer, Any, list[Slot]]]:
    stored = [layer for layer in checkpoint.layers if layer.arrays]
    wanted = [(member, slots) for member in model.layers if (slots := slots_of(member))]
    if len(stored) != len(wanted):
        raise InvalidDocument(
            f"the file has weights for {len(stored)} layers and {model.name!r} for {len(wanted)}."
        )
    pairs = zip(stored, wanted, strict=True)
    return [(layer, member, slots) for layer, (member, slots) in pairs]


def _pairs(layer: StoredLayer, member: Any, slots: Sequence[Slot]) -> Iterator[tuple[Slot, Any]]:
    if len(layer.arrays) != len(slots):
        raise InvalidDocument(
            f"the file has {len(layer.arrays)} arrays for {layer.name!r} and {member.name!r} "
            f"has {len(slots)} weights."
        )
    for slot, array in zip(slots, layer.arrays, strict=True):
        yield slot, array.read()
