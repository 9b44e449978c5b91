"""Functional models as configurations: the layers, and the tensors that each call reads.

In Keras 2's words, which every Keras reads: 'inbound_nodes' lists a layer's calls, and a tensor is
[the name of a layer, which of its calls, which of that call's outputs].
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convdispatch.engine.graph import Graph
from convdispatch.errors import InvalidDocument
from convdispatch.support.documents import shown

# Arguments of a call that change nothing in the layers here.
_IDLE = ("mask", "training")
# Keras 3 names the state that a recurrent layer begins with; Keras 2 lists it after the input.
_STATE = "initial_state"


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor of a document: an output of a layer's call."""

    layer: str
    call: int
    output: int


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A call in a document: its layer, its number among that layer's calls, and what it reads."""

    layer: str
    call: int
    reads: tuple[Source, ...]
    takes_list: bool


def calls_of(graph: Graph, input_names: Sequence[str]) -> dict[str, Any]:
    """Return a graph as a configuration states it: the calls by layer, the inputs and outputs."""
    places = [[name, 0, 0] for name in input_names]
    nodes: dict[str, list[Any]] = {name: [] for name in input_names}
    order = []
    for node in graph.nodes:
        calls = nodes.setdefault(node.layer.name, [])
        order.append([node.layer.name, len(calls)])
        places += [[node.layer.name, len(calls), output] for output in range(len(node.writes))]
        calls.append([[*places[number], {}] for number in node.reads])
    config: dict[str, Any] = {
        "inbound_nodes": nodes,
        "input_layers": places[: len(input_names)],
        "output_layers": [places[number] for number in graph.outputs],
        # In no Keras's documents, and read by none: keys of random numbers go by it.
        "call_order": order,
    }
    return config | {"returns_list": True} if graph.gives_list else config


def sources(listed: Any, what: str) -> list[Source]:
    """Return the tensors that a document lists, one of them or several."""
    if isinstance(listed, list) and len(listed) == 3 and isinstance(listed[0], str):
        return [_source(listed, what)]  # Keras 3, for one
    if not isinstance(listed, list):
        raise InvalidDocument(f"{what} must be a list of [name, call, output]; received {listed!r}")
    return [_source(one, what) for one in listed]


def counted_from_zero(
    calls: Sequence[CallEntry], read: Sequence[Source], models: Collection[str]
) -> Callable[[Source], Source]:
    """Return the function from a document's tensor to the one that is meant.

    A model of TensorFlow's Keras is called once when it is made, so other models count its calls
    from 1. `read` are tensors that no call reads, `models` the names of nested models.
    """
    known = {source for call in calls for source in call.reads} | set(read)
    numbers: dict[str, set[int]] = {}
    for source in known:
        if source.layer in models:
            numbers.setdefault(source.layer, set()).add(source.call)
    from_one = {name for name, own in numbers.items() if 0 not in own}

    def counted(source: Source) -> Source:
        if source.layer not in from_one:
            return source
        return Source(source.layer, source.call - 1, source.output)

    return counted


def call_entries(name: str, nodes: Any) -> list[CallEntry]:
    """Return the calls of one layer in a document of any Keras."""
    if not isinstance(nodes, list):
        raise InvalidDocument(
            f"`inbound_nodes` of {shown(name)} must be a list of calls; received {shown(nodes)}."
        )
    return [_call(name, place, node) for place, node in enumerate(nodes)]


def _call(name: str, place: int, node: Any) -> CallEntry:
    what = f"call {place} of {shown(name)}"
    tensors, keywords, takes_list = _tensors(node, what)
    asked = {key: value for key, value in keywords.items() if asks_something(key, value)}
    if asked:
        raise InvalidDocument(f"{what} has arguments that are not offered: {shown(asked)}.")
    reads = tuple(_source(one, f"the input of {what}") for one in tensors)
    if not reads:
        raise InvalidDocument(f"{what} reads nothing; it must name its inputs.")
    return CallEntry(name, place, reads, takes_list or len(reads) > 1)


def asks_something(key: str, value: Any) -> bool:
    """Return whether an argument of a call changes what the layer does."""
    if value is None or (isinstance(value, list) and all(one is None for one in value)):
        return False
    return key not in _IDLE or bool(value)


def _tensors(node: Any, what: str) -> tuple[list[Any], Mapping[str, Any], bool]:
    """Return the tensors that a call reads, its other arguments, and whether it takes a list."""
    if isinstance(node, Mapping):  # Keras 3
        arguments, keywords = node.get("args"), node.get("kwargs") or {}
        if isinstance(arguments, list) and len(arguments) == 1 and isinstance(keywords, Mapping):
            only, state = arguments[0], keywords.get(_STATE) or []
            takes_list = isinstance(only, list) or bool(state)
            tensors = only if isinstance(only, list) else [only]
            tensors = [*tensors, *(state if isinstance(state, list) else [state])]
            others = {name: value for name, value in keywords.items() if name != _STATE}
            return [_history(one, what) for one in tensors], others, takes_list
    elif isinstance(node, list) and all(isinstance(one, list) for one in node):
        keywords = {}
        for one in node:  # Keras 1 writes three items, Keras 2 a fourth: other arguments
            if len(one) == 4 and isinstance(one[3], Mapping):
                keywords |= one[3]
        return [one[:3] for one in node], keywords, False
    raise InvalidDocument(f"{what} must list the tensors that it reads; received {shown(node)}.")


def _history(tensor: Any, what: str) -> Any:
    config = tensor.get("config") if isinstance(tensor, Mapping) else None
    if not isinstance(config, Mapping) or "keras_history" not in config:
        raise InvalidDocument(f"{what} must read tensors; received {shown(tensor)}.")
    return config["keras_history"]


def _source(triple: Any, what: str) -> Source:
    is_tensor = isinstance(triple, list | tuple) and len(triple) == 3
    if is_tensor and isinstance(triple[0], str) and all(map(_is_index, triple[1:])):
        return Source(*triple)
    raise InvalidDocument(f"{what} must be [name, call, output]; received {shown(triple)}.")


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
