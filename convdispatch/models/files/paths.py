"""Where the files of Keras 3 have the weights of a layer: by the path of attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.layers._bidirectional import WAYS
from convdispatch.layers._states import WithState
from convdispatch.layers._wrapping import Wrapper
from convdispatch.models.files.order import is_stack


def paths_of(model: Any, root: str = "") -> Iterator[tuple[str, Any, Sequence[int]]]:
    """Yield the path of each group, the layer or model, and which of its weights are in it.

    Keras numbers the layers of a model by their classes: conv2d, conv2d_1.
    """
    counts: dict[str, int] = {}
    members = model.layers
    if is_stack(model):
        members = [one for one in members if not getattr(one, "is_input", False)]
    for member in members:
        stem = _stem(member)
        count = counts[stem] = counts.get(stem, -1) + 1
        path = f"{root}layers/{stem}_{count}" if count else f"{root}layers/{stem}"
        if isinstance(member, Layer):
            count_of_weights = len(lasting(member.declared_weights))
            yield from _parts(path, member, member, list(range(count_of_weights)))
        else:
            yield path, member, ()
            yield from paths_of(member, f"{path}/")


def named_paths_of(model: Any) -> Iterator[tuple[str, Any, Sequence[int]]]:
    """Yield the path of names of each layer through nested models, and all of its weights."""
    for chain in model._chains():
        layer = chain[-1]
        places = range(len(lasting(layer.declared_weights)))
        yield "/".join(one.name for one in chain), layer, places


def _parts(
    path: str, layer: Any, owner: Any, places: Sequence[int]
) -> Iterator[tuple[str, Any, Sequence[int]]]:
    """Yield the groups of a layer; `owner` has its weights, those in these places."""
    if isinstance(layer, Wrapper):
        yield path, owner, ()
        ways = [(f"{way}_layer", place) for place, way in enumerate(WAYS)]
        is_both = hasattr(layer, "backward_layer")
        for name, place in ways if is_both else [("layer", 0)]:
            half = len(places) // (2 if is_both else 1)
            own = places[place * half : (place + 1) * half]
            yield from _parts(f"{path}/{name}", layer.layer, owner, own)
    elif isinstance(layer, WithState):
        yield path, owner, ()
        yield f"{path}/cell", owner, places
    else:
        yield path, owner, places


def _stem(member: Any) -> str:
    """Return the beginning of a group's name: Keras's way to write the class in small letters."""
    if not isinstance(member, Layer):
        return "sequential" if is_stack(member) else "functional"
    # A façade's class is called as Keras 3's, which is what these files have.
    row = vars(type(member)).get("row")
    name = type(member).__name__ if row is None else str(row.likeness)
    words = re.sub(r"\W+", "", name)
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", words)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
