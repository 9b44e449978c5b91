"""Which arrays of a checkpoint are of which layer of its architecture, by their names alone."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from convdispatch.saving.checkpoint import Checkpoint, StoredLayer

MODELS = ("Sequential", "Model", "Functional", "Graph")
Entry = tuple[str, str, int, Mapping[str, Any]]  # path, class, depth, the whole entry


@dataclass(frozen=True, slots=True)
class ArrayFacts:
    """One array."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """One layer of the architecture with its arrays; `kind` is None where only arrays name it."""

    name: str  # behind those of the models that it is in, as 'block/conv'
    kind: str | None
    depth: int  # in how many nested models it is
    arrays: tuple[ArrayFacts, ...]


def entries_of(document: Any, start: str = "") -> Iterator[Entry]:
    """Yield the layers of a model, those of nested models behind them."""
    for entry in _listed(document):
        if not isinstance(entry, Mapping):
            continue
        config = entry.get("config")
        own = config if isinstance(config, Mapping) else {}
        kind = str(entry.get("class_name"))
        name = start + str(entry.get("name") or own.get("name") or kind)
        yield name, kind, start.count("/"), entry
        if kind in MODELS:
            yield from entries_of(entry, f"{name}/")


def _listed(document: Any) -> list[Any]:
    config = document.get("config") if isinstance(document, Mapping) else None
    found = config.get("layers") if isinstance(config, Mapping) else config
    return found if isinstance(found, list) else []


def with_arrays(entries: list[Entry], checkpoint: Checkpoint) -> tuple[list[LayerFacts], list[str]]:
    """Return each layer with its arrays, and the names of arrays' layers that nobody else names."""
    own, strangers = defaultdict[int, list[ArrayFacts]](list), list[StoredLayer]()
    names = _names(entries, checkpoint.naming)
    for one in checkpoint.layers:
        place = _place(one, names, [name.rpartition("/")[2] for name, *_ in entries])
        if place is not None:
            own[place] += _arrays(one)
        elif one.arrays:
            strangers.append(one)
    layers = [
        LayerFacts(name, kind, depth, tuple(own[place]))
        for place, (name, kind, depth, _) in enumerate(entries)
    ]
    layers += [LayerFacts(one.title or one.name, None, 0, _arrays(one)) for one in strangers]
    return layers, [one.title or one.name for one in strangers] if entries else []


def _names(entries: list[Entry], naming: str) -> list[str | None]:
    """Return what the checkpoint calls the arrays of each layer, None for none of its own."""
    if naming == "order":  # a nested model has the arrays of all its layers
        return [name if depth == 0 else None for name, _, depth, _ in entries]
    if naming == "names":
        return [name for name, *_ in entries]
    groups, counts = {"": ""}, Counter[tuple[str, str]]()
    found: list[str | None] = []
    for name, kind, *_ in entries:  # Keras 3 numbers the layers of a model by their classes
        parent = name.rpartition("/")[0]
        stem = re.sub(
            "([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
        ).lower()
        count = counts[parent, stem]
        counts[parent, stem] += 1
        group = f"{groups.get(parent, '')}layers/{stem}{f'_{count}' if count else ''}"
        groups[name] = f"{group}/"
        found.append(group)
    return found


def _place(stored: StoredLayer, names: list[str | None], bare: list[str]) -> int | None:
    """Return the place of the layer that stored arrays are of."""
    if stored.title is not None and bare.count(stored.title) == 1:
        return bare.index(stored.title)
    fitting = [
        (len(name), place)
        for place, name in enumerate(names)
        if name is not None and (stored.name == name or stored.name.startswith(f"{name}/"))
    ]
    return max(fitting)[1] if fitting else None


def _arrays(stored: StoredLayer) -> tuple[ArrayFacts, ...]:
    return tuple(ArrayFacts(one.name, tuple(one.shape), one.dtype) for one in stored.arrays)
