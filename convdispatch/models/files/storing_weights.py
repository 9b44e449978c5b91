"""The weights of a model as the layers of a file, under the names that each Keras gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.whole import read_whole
from convdispatch.layers._bidirectional import WAYS
from convdispatch.layers._wrapping import Wrapper
from convdispatch.models.files.order import is_stack, layers_in, slots_of
from convdispatch.models.files.paths import named_paths_of, paths_of
from convdispatch.ops import NumpyArray
from convdispatch.saving.checkpoint import StoredArray, StoredLayer

# What Keras 1 called weights, where that is not what they are called now.
_KERAS1 = {
    "kernel": "W",
    "bias": "b",
    "recurrent_kernel": "U",
    "embeddings": "W",
    "alpha": "alphas",
    "moving_mean": "running_mean",
    "moving_variance": "running_std",  # a variance all the same
}
Arrays = Mapping[int, Sequence[NumpyArray]]  # by the identity of a layer: its weights


def arrays_of(model: Any) -> Arrays:
    """Return the weights of all layers at one moment, by the identity of the layer."""
    layers = list(model._built_layers())
    read: Any = read_whole(layers, lambda: [layer.get_weights() for layer in layers])
    return {id(layer): own for layer, own in zip(layers, read, strict=True)}


def stored(name: str, array: NumpyArray) -> StoredArray:
    """Return an array that is in memory as one of a file."""
    return StoredArray(name, tuple(array.shape), array.dtype.name, partial(_same, array))


def _same(array: NumpyArray) -> NumpyArray:
    return array


def layers_by_name(
    model: Any, members: Sequence[Any], arrays: Arrays, dialect: str, ending: str
) -> list[StoredLayer]:
    """Return the layers of an HDF5 file: each with its arrays, a nested model with all of its.

    `members` are the layers and models that it lists. `ending` is what the writing Keras's engine
    puts behind each name.
    """
    return [
        StoredLayer(member.name, tuple(_named(model, member, arrays, dialect, ending)))
        for member in members
        if dialect == "keras1" or not (is_stack(model) and getattr(member, "is_input", False))
    ]


def _named(
    model: Any, member: Any, arrays: Arrays, dialect: str, ending: str
) -> Iterator[StoredArray]:
    layers = {id(layer): layer for layer in layers_in(member)}
    taken: set[str] = set()
    for identity, place in slots_of(member):
        layer = layers[identity]
        weight = lasting(layer.declared_weights)[place].name
        if dialect == "keras1":
            name = _keras1_name(layer, weight)
        else:
            name = f"{_scope(layer, weight)}{ending}"
            if dialect == "keras3" and is_stack(model):
                name = f"{model.name}/{name}"
        while name in taken:  # of layers of one name in two models
            name = f"{member.name}/{name}"
        taken.add(name)
        yield stored(name, arrays[identity][place])


def _keras1_name(layer: Any, weight: str) -> str:
    if not isinstance(layer, Wrapper):
        return f"{layer.name}_{_KERAS1.get(weight, weight)}"
    way, inner = _way_of(weight)
    begun = f"{way}_" if way else ""
    return f"{begun}{_keras1_name(layer.layer, inner)}"


def _scope(layer: Any, weight: str) -> str:
    way, inner = _way_of(weight) if isinstance(layer, Wrapper) else ("", weight)
    middle = f"{way}_{layer.layer.name}/" if way else ""
    return f"{layer.name}/{middle}{inner}"


def _way_of(weight: str) -> tuple[str, str]:
    """Return the way of a weight of a Bidirectional, and its name in the layer."""
    way, _, inner = weight.partition("_")
    return (way, inner) if way in WAYS else ("", weight)


def layers_by_path(model: Any, arrays: Arrays) -> list[StoredLayer]:
    """Return the groups of a file of Keras 3, with those of layers without weights."""
    found = [StoredLayer("", (), title=model.name)]
    for path, owner, places in paths_of(model):
        own = arrays.get(id(owner), ())
        made = tuple(stored(str(n), own[place]) for n, place in enumerate(places))
        found.append(StoredLayer(path, made, title=owner.name))
    return found


def layers_by_names(model: Any, arrays: Arrays) -> list[StoredLayer]:
    """Return the layers by their paths of names, each with its weights under their own names."""
    return [
        StoredLayer(
            path,
            tuple(
                stored(weight.name, array)
                for weight, array in zip(
                    lasting(layer.declared_weights), arrays.get(id(layer), ()), strict=True
                )
            ),
            title=layer.name,
        )
        for path, layer, _ in named_paths_of(model)
    ]
