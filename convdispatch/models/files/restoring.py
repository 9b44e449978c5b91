"""The weights of a file in the layers of a model.

A file lists the arrays of each layer of the model, those of a model in it as one list: first what
may be trained of all its layers, then the rest. All faults are found before an array is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.models.files.order import layers_in, members_of
from convdispatch.models.files.paths import Group, named_paths_of, paths_among
from convdispatch.models.files.weight_faults import Faults
from convdispatch.models.files.weight_names import is_named
from convdispatch.models.files.weights import Origin, Part, converted, parts_of
from convdispatch.ops import NumpyArray
from convdispatch.saving.checkpoint import Checkpoint, StoredArray, StoredLayer
from convdispatch.symbolic.wrappers import CustomWrapper


@dataclass(frozen=True, slots=True)
class Target:
    """A layer or a nested model that a file may have arrays for.

    `slots` are the arrays in the file's order, each with the layer that it is for and its place
    among that layer's.
    """

    name: str
    slots: tuple[tuple[Layer, int, Part], ...]

    @property
    def layers(self) -> list[Layer]:
        """The layers with weights, each once."""
        return list({id(layer): layer for layer, _, _ in self.slots}.values())


@dataclass(frozen=True, slots=True)
class Restored:
    """A layer with the arrays of a file for it, one for each of the file's parts."""

    layer: Layer
    arrays: tuple[StoredArray, ...]
    origin: Origin

    def values(self) -> list[NumpyArray]:
        """Read the arrays, and return the layer's weights."""
        return converted(self.layer, [array.read() for array in self.arrays], self.origin)


def target_of(member: Any, origin: Origin, count: int | None = None) -> Target:
    """Return what a file has for a layer or for a nested model."""
    if isinstance(member, Layer):
        parts = parts_of(member, origin, count)
        own = [(member, place, part) for place, part in enumerate(parts)]
        if isinstance(member, CustomWrapper):  # lists what may be trained first, as a model does
            own.sort(key=lambda slot: not slot[2].is_trained)
        return Target(member.name, tuple(own))
    slots = [
        (layer, place, part)
        for layer in layers_in(member)
        for place, part in enumerate(parts_of(layer, origin))
    ]
    trained = [slot for slot in slots if slot[2].is_trained]
    rest = [slot for slot in slots if not slot[2].is_trained]
    return Target(member.name, (*trained, *rest))


def members_with_weights(model: Any) -> list[Any]:
    """Return the layers and nested models of a model that have weights, in the order of files."""
    return [one for one in members_of(model) if any(map(_has_weights, layers_in(one)))]


def _has_weights(layer: Layer) -> bool:
    return any(not weight.is_state for weight in layer.declared_weights)


def matched(
    pairs: Sequence[tuple[StoredLayer, Any]], origin: Origin, faults: Faults
) -> list[Restored]:
    """Return the arrays of each layer; record in `faults` what does not fit."""
    found: list[Restored] = []
    for stored, member in pairs:
        target = target_of(member, origin, len(stored.arrays))
        if len(stored.arrays) != len(target.slots):
            faults.count(stored, target.name, [part for _, _, part in target.slots])
            continue
        arrays = _in_order(stored, target)
        if faults.shapes(stored, target, arrays, origin):
            continue
        found += _by_layer(target, arrays, origin)
    return found


def matched_by_path(
    model: Any, checkpoint: Checkpoint, origin: Origin, faults: Faults
) -> list[Restored]:
    """Return the arrays of each layer where the file has them by path; record what does not fit."""
    groups = {layer.name: layer for layer in checkpoint.layers if layer.arrays}
    if checkpoint.naming == "names":
        wanted = [one for one in named_paths_of(model) if len(one[2])]
    else:
        wanted = paths_among(groups, model)
    known = {path for path, _, _ in wanted}
    faults.unmatched(
        [path for path, _, _ in wanted if path not in groups],
        [path for path in groups if path not in known],
    )
    arrays: dict[int, dict[int, StoredArray]] = {}
    owners = {id(owner): owner for _, owner, _ in wanted}
    parts_by_owner = _parts_by_owner(wanted, groups, origin)
    for path, owner, places in wanted:
        if path not in groups:
            continue
        parts = parts_by_owner[id(owner)]
        places = _of_parts(places, len(lasting(owner.declared_weights)), len(parts))
        own = tuple((owner, place, parts[place]) for place in places)
        stored = groups[path]
        if checkpoint.naming == "names":
            stored = _in_order_of(stored, [part.name for _, _, part in own])
        if len(stored.arrays) != len(own):
            faults.count(stored, owner.name, [part for _, _, part in own])
        elif not faults.shapes(stored, Target(owner.name, own), stored.arrays, origin):
            pairs = zip(places, stored.arrays, strict=True)
            arrays.setdefault(id(owner), {}).update(pairs)
    return [
        Restored(owners[one], tuple(own[place] for place in sorted(own)), origin)
        for one, own in arrays.items()
        if len(own) == len(parts_by_owner[one])
    ]


def _parts_by_owner(
    wanted: Sequence[Group], groups: Mapping[str, StoredLayer], origin: Origin
) -> dict[int, list[Part]]:
    """Return the arrays that a file has for each layer: gates apart, or together."""
    counts: dict[int, int] = {}
    for path, owner, _ in wanted:
        count = len(groups[path].arrays) if path in groups else 0
        counts[id(owner)] = counts.get(id(owner), 0) + count
    return {id(owner): parts_of(owner, origin, counts[id(owner)]) for _, owner, _ in wanted}


def _of_parts(places: Sequence[int], weights: int, parts: int) -> Sequence[int]:
    """Return the places among a file's arrays of a layer's weights in these places."""
    return list(dict.fromkeys(place * parts // weights for place in places))


def _in_order_of(stored: StoredLayer, names: Sequence[str]) -> StoredLayer:
    """Return a layer with its arrays in the order of these names, if they are its names."""
    by_name = {array.name.rpartition("/")[2]: array for array in stored.arrays}
    if len(by_name) != len(stored.arrays) or by_name.keys() != set(names):
        return stored
    return replace(stored, arrays=tuple(by_name[name] for name in names))


def _in_order(stored: StoredLayer, target: Target) -> Sequence[StoredArray]:
    """Return the arrays in the order of the slots.

    Keras goes by the order alone, which depends on what was trainable when a nested model was
    saved. So names count where they tell all weights of a nested model apart.
    """
    if len(target.layers) < 2:
        return stored.arrays
    found = []
    for layer, _, part in target.slots:
        named = [one for one in stored.arrays if is_named(one.name, layer, part.name)]
        if len(named) != 1:
            return stored.arrays
        found += named
    return found if len({id(one) for one in found}) == len(found) else stored.arrays


def _by_layer(target: Target, arrays: Sequence[StoredArray], origin: Origin) -> Iterator[Restored]:
    by_layer: dict[int, dict[int, StoredArray]] = {}
    for (layer, place, _), array in zip(target.slots, arrays, strict=True):
        by_layer.setdefault(id(layer), {})[place] = array
    for layer in target.layers:
        own: Mapping[int, StoredArray] = by_layer[id(layer)]
        yield Restored(layer, tuple(own[place] for place in sorted(own)), origin)
