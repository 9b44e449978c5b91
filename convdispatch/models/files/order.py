"""The order of weights in files: that of the layers, and within a nested model of what is trained.

A file lists the arrays of each layer of the model, those of a model in it as one list: first what
may be trained of all its layers, then the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.layers._states import WithState
from convdispatch.symbolic.distributed import CustomBidirectional
from convdispatch.symbolic.looped_layers import Looping
from convdispatch.symbolic.wrappers import CustomWrapper

# The layers whose calls may read a state behind the input.
TAKE_STATES = (WithState, Looping, CustomBidirectional)

Slot = tuple[int, int]  # the identity of a layer, and the place of one of its weights


def slots_of(member: Any) -> list[Slot]:
    """Return the weights of a layer or of a nested model in the order of files."""
    if isinstance(member, Layer):
        weights = lasting(member.declared_weights)
        places = list(range(len(weights)))
        if isinstance(member, CustomWrapper):  # lists what may be trained first, as a model does
            places.sort(key=lambda place: not (member.trainable and weights[place].trainable))
        return [(id(member), place) for place in places]
    ordered: list[Slot] = []
    for are_trained in (True, False):
        for layer in layers_in(member):
            for place, weight in enumerate(lasting(layer.declared_weights)):
                if (layer.trainable and weight.trainable) == are_trained:
                    ordered.append((id(layer), place))
    return ordered


def listed_slots(model: Any, trained_first: Collection[str]) -> list[Slot]:
    """Return the weights of a model in the order of its Keras's `get_weights`.

    `trained_first` are the kinds of models that list a model in them as files do; others list it
    as its own `get_weights` does.
    """
    found: list[Slot] = []
    for member in members_of(model):
        if isinstance(member, Layer) or model.class_name in trained_first:
            found += slots_of(member)
        else:
            found += listed_slots(member, trained_first)
    return list(dict.fromkeys(found))


def layers_in(member: Any) -> Iterator[Layer]:
    """Yield the layers of a model and of those in it, or the layer itself."""
    if isinstance(member, Layer):
        yield member
        return
    for one in member.layers:
        yield from layers_in(one)


def members_of(model: Any) -> list[Any]:
    """Return a model's members: of Keras 1's `Sequential` those of its branches, then the rest."""
    branches = getattr(model, "branches", ())
    if not branches:
        return list(model.layers)
    found: dict[int, Any] = {}
    for branch in branches:
        for one in [branch] if isinstance(branch, Layer) else members_of(branch):
            found.setdefault(id(one), one)
    ends = {id(branch) for branch in branches}
    for one in model.layers:
        if id(one) not in ends:
            found.setdefault(id(one), one)
    return list(found.values())


def is_stack(model: Any) -> bool:
    """Return whether a model is a Sequential in files, also one with models among its layers."""
    return model.class_name == "Sequential" or not hasattr(model, "input_names")
