"""Where the files of Keras 3 have the weights of a layer: by the path of attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

from convdispatch.engine.declarations import lasting
from convdispatch.engine.layer import Layer
from convdispatch.layers._bidirectional import WAYS
from convdispatch.layers._states import WithState
from convdispatch.layers._wrapping import Wrapper
from convdispatch.models.files.order import is_stack
from convdispatch.symbolic.cells import StackedCells
from convdispatch.symbolic.recurrent import CustomRNN
from convdispatch.symbolic.wrappers import CustomWrapper

Group = tuple[str, Any, Sequence[int]]


def paths_among(known: Container[str], model: Any) -> list[Group]:
    """Return the groups with weights of a model, by those classes whose paths are known.

    A layer of NVIDIA's library has the path of its class, or of that which other Kerases have.
    """
    found = [[one for one in paths_of(model, stem=stem) if len(one[2])] for stem in (_stem, _like)]
    return min(found, key=lambda groups: sum(path not in known for path, _, _ in groups))


def paths_of(
    model: Any, root: str = "", stem: Callable[[Any], str] | None = None
) -> Iterator[Group]:
    """Yield the path of each group, the layer or model, and which of its weights are in it.

    Keras numbers the layers of a model by their classes: conv2d, conv2d_1. `stem` gives the
    beginning of the name for a member.
    """
    stem_of = stem or _stem
    for path, member in numbered(members_in(model), f"{root}layers/", stem_of):
        if isinstance(member, Layer):
            count_of_weights = len(lasting(member.declared_weights))
            yield from _parts(path, member, member, list(range(count_of_weights)))
        else:
            yield path, member, ()
            yield from paths_of(member, f"{path}/", stem_of)


def members_in(model: Any) -> list[Any]:
    """Return the layers and models that a model's group has groups for."""
    members: list[Any] = list(model.layers)
    if is_stack(model):
        members = [one for one in members if not getattr(one, "is_input", False)]
    return members


def numbered(
    members: Sequence[Any], root: str, stem: Callable[[Any], str]
) -> Iterator[tuple[str, Any]]:
    """Yield the path of each member of a list: its class, with a number from the second on."""
    counts: dict[str, int] = {}
    for member in members:
        name = stem(member)
        count = counts[name] = counts.get(name, -1) + 1
        yield f"{root}{name}_{count}" if count else f"{root}{name}", member


def named_paths_of(model: Any) -> Iterator[Group]:
    """Yield the path of names of each layer through nested models, and all of its weights."""
    for chain in model._chains():
        layer = chain[-1]
        places = range(len(lasting(layer.declared_weights)))
        yield "/".join(one.name for one in chain), layer, places


def _parts(path: str, layer: Any, owner: Any, places: Sequence[int]) -> Iterator[Group]:
    """Yield the groups of a layer; `owner` has its weights, those in these places."""
    if isinstance(layer, CustomWrapper):
        yield path, owner, ()
        for name, inner in _wrapped(layer):
            yield from _within(f"{path}/{name}", inner, owner, _spans(layer, places))
    elif isinstance(layer, CustomRNN):
        yield path, owner, ()
        yield from _of_cell(f"{path}/cell", layer.cell, owner, places)
    elif isinstance(layer, Wrapper):
        yield path, owner, ()
        ways = [(f"{way}_layer", place) for place, way in enumerate(WAYS)]
        is_both = hasattr(layer, "backward_layer")
        for name, place in ways if is_both else [("layer", 0)]:
            half = len(places) // (2 if is_both else 1)
            own = places[place * half : (place + 1) * half]
            yield from _parts(f"{path}/{name}", layer.layer, owner, own)
    elif isinstance(layer, WithState) and not path.rpartition("/")[2].startswith("cu_dnn"):
        yield path, owner, ()
        yield f"{path}/cell", owner, places
    else:
        yield path, owner, places


Places = Mapping[int, Sequence[int]]  # by the identity of a layer: those of its weights


def _wrapped(wrapper: Any) -> list[tuple[str, Any]]:
    """Return what is in a wrapper, under the names of the attributes that hold it."""
    if not hasattr(wrapper, "backward_layer"):
        return [("layer", wrapper.layer)]
    return [(f"{way}_layer", getattr(wrapper, f"{way}_layer")) for way in WAYS]


def _spans(wrapper: Any, places: Sequence[int]) -> Places:
    """Return which of a wrapper's weights are of each layer within it."""
    declared = wrapper.declared_weights
    kept = [place for place, weight in enumerate(declared) if not weight.is_state]
    by_place = dict(zip(kept, places, strict=True))
    return {
        id(inner): [by_place[one] for one in range(span.start, span.stop) if one in by_place]
        for inner, span in wrapper._spans.items()
    }


def _within(path: str, inner: Any, owner: Any, spans: Places) -> Iterator[Group]:
    """Yield the groups of a layer or a model within a wrapper."""
    if isinstance(inner, Layer):
        yield from _parts(path, inner, owner, spans.get(id(inner), ()))
        return
    yield path, owner, ()
    for own, member in numbered(members_in(inner), f"{path}/layers/", _stem):
        yield from _within(own, member, owner, spans)


def _of_cell(path: str, cell: Any, owner: Any, places: Sequence[int]) -> Iterator[Group]:
    """Yield the groups of a cell, or of a stack of them."""
    if not isinstance(cell, StackedCells):
        own = [*getattr(cell, "_trained", ()), *getattr(cell, "_kept", ())]
        yield path, owner, [places[one.index] for one in own]
        return
    yield path, owner, ()
    for own_path, one in numbered(cell.cells, f"{path}/cells/", _stem):
        yield from _of_cell(own_path, one, owner, places)


def _stem(member: Any) -> str:
    """Return the beginning of a group's name: Keras's way to write the class in small letters."""
    if not isinstance(member, Layer):
        return "sequential" if is_stack(member) else "functional"
    # A façade's class is called as Keras 3's, which is what these files have.
    row = vars(type(member)).get("row")
    return _in_small_letters(type(member).__name__ if row is None else str(row.likeness))


def _like(member: Any) -> str:
    """Return the same by the class that a layer is like, whatever its own."""
    row = getattr(member, "row", None)
    return _stem(member) if row is None else _in_small_letters(str(row.likeness))


def _in_small_letters(name: str) -> str:
    words = re.sub(r"\W+", "", name)
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", words)
    return re.sub("([a-z])([A-Z])", r"\1_\2", words).lower()
