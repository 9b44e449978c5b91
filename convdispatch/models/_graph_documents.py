"""Functional models as configurations: the layers, and the tensors that each call reads.

In Keras 2's words, which every Keras reads: 'inbound_nodes' lists a layer's calls, and a tensor is
[the name of a layer, which of its calls, which of that call's outputs].
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from convdispatch.engine.graph import Graph
from convdispatch.errors import InvalidDocument
from convdispatch.models._structures import leaves
from convdispatch.support.documents import shown

# Arguments of a call that change nothing in the layers here.
_IDLE = ("mask", "training")
# Keras 3 names the state that a recurrent layer begins with; Keras 2 lists it after the input.
_STATE = "initial_state"
_MASK = "mask"


@dataclass(frozen=True, slots=True)
class Source:
    """A tensor of a document: an output of a layer's call."""

    layer: str
    call: int
    output: int


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A call in a document: its layer, its number among that layer's calls, and what it reads.

    `masks` are the masks that it is given for its first inputs, in Keras 3's documents alone;
    `is_modern` says whether it is of one.
    """

    layer: str
    call: int
    reads: tuple[Source, ...]
    takes_list: bool
    masks: tuple[Source | None, ...] = ()
    is_modern: bool = False


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


def sources(listed: Any, what: str) -> Any:
    """Return the tensors that a document lists, one of them or several, in their structure."""
    if not isinstance(listed, Mapping | list):
        raise InvalidDocument(f"{what} must be a list of [name, call, output]; received {listed!r}")
    found = _sources(listed, what)
    return [found] if isinstance(found, Source) else found  # Keras 3 lists no single one


def _sources(listed: Any, what: str) -> Any:
    if isinstance(listed, Mapping):
        return {key: _sources(one, what) for key, one in listed.items()}
    if isinstance(listed, list) and not _is_triple(listed):
        return [_sources(one, what) for one in listed]
    return _source(listed, what)


def _is_triple(listed: Any) -> bool:
    """Return whether a list is a tensor of a document, with or without further arguments."""
    return isinstance(listed, list) and bool(listed) and isinstance(listed[0], str)


def counted_from_zero(
    calls: Sequence[CallEntry], read: Sequence[Source], models: Mapping[str, str]
) -> tuple[Callable[[Source], Source], Callable[[Source], Source]]:
    """Return the functions from a document's tensor that a call reads, or that is an output.

    A model of Keras 1, 2 and tf_keras is called once when it is made, so other models count its
    calls from 1. Keras 3 does so for the outputs of a functional model alone. `read` are the
    outputs, `models` the classes of nested models by name.
    """
    if any(call.is_modern for call in calls):
        graphs = {name for name, kind in models.items() if kind != "Sequential"}
        return lambda source: source, partial(_one_less, graphs)
    known = {source for call in calls for source in call.reads} | set(read)
    numbers: dict[str, set[int]] = {}
    for source in known:
        if source.layer in models:
            numbers.setdefault(source.layer, set()).add(source.call)
    counted = partial(_one_less, {name for name, own in numbers.items() if 0 not in own})
    return counted, counted


def _one_less(models: Collection[str], source: Source) -> Source:
    if source.layer not in models:
        return source
    return Source(source.layer, max(source.call - 1, 0), source.output)


def counted_from_one(tensors: Sequence[Any], models: Collection[str]) -> list[Any]:
    """Return a document's tensors in which these models count their calls from 1.

    >>> counted_from_one([["inner", 0, 0], ["dense", 0, 0, {}]], ["inner"])
    [['inner', 1, 0], ['dense', 0, 0, {}]]
    """
    return [
        [name, call + 1, *rest] if name in models else [name, call, *rest]
        for name, call, *rest in tensors
    ]


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
    masks = _masks(keywords.get(_MASK))
    if masks:
        keywords = {key: value for key, value in keywords.items() if key != _MASK}
    asked = {key: value for key, value in keywords.items() if asks_something(key, value)}
    if asked:
        raise InvalidDocument(f"{what} has arguments that are not offered: {shown(asked)}.")
    reads = tuple(_source(one, f"the input of {what}") for one in tensors)
    if not reads:
        raise InvalidDocument(f"{what} reads nothing; it must name its inputs.")
    is_modern = isinstance(node, Mapping) and "args" in node
    return CallEntry(name, place, reads, takes_list or len(reads) > 1, masks, is_modern)


def _masks(given: Any) -> tuple[Source | None, ...]:
    """Return the tensors that a call is given for masks, none where it is given none."""
    listed = leaves(given, _is_tensor)
    found = tuple(history_of(one) for one in listed)
    is_whole = all(own or one is None for own, one in zip(found, listed, strict=True))
    return found if any(found) and is_whole else ()


def asks_something(key: str, value: Any) -> bool:
    """Return whether an argument of a call changes what the layer does."""
    if all(one is None for one in leaves(value)):
        return False
    return key not in _IDLE or bool(value)


def _tensors(node: Any, what: str) -> tuple[list[Any], Mapping[str, Any], bool]:
    """Return the tensors that a call reads, its other arguments, and whether it takes a list."""
    if isinstance(node, Mapping):  # Keras 3
        arguments, keywords = node.get("args"), node.get("kwargs") or {}
        if isinstance(arguments, list) and len(arguments) == 1 and isinstance(keywords, Mapping):
            only, state = arguments[0], keywords.get(_STATE) or []
            takes_list = not _is_tensor(only) or bool(state)
            tensors = leaves(only, _is_tensor)
            tensors = [*tensors, *(state if isinstance(state, list) else [state])]
            others = {name: value for name, value in keywords.items() if name != _STATE}
            return [_history(one, what) for one in tensors], others, takes_list
        if "args" not in node:  # of tf_keras: what a model is called with, a dictionary
            return _tensors(leaves(node, _is_triple), what)
    elif isinstance(node, list) and any(map(_is_nested_call, node)):
        return _tensors(leaves(node, _is_triple), what)
    elif isinstance(node, list) and all(isinstance(one, list) for one in node):
        keywords = {}
        for one in node:  # Keras 1 writes three items, Keras 2 a fourth: other arguments
            if len(one) == 4 and isinstance(one[3], Mapping):
                keywords |= one[3]
        return [one[:3] for one in node], keywords, False
    raise InvalidDocument(f"{what} must list the tensors that it reads; received {shown(node)}.")


def _is_nested_call(one: Any) -> bool:
    return isinstance(one, Mapping) or (isinstance(one, list) and any(map(_is_triple, one)))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def _history(tensor: Any, what: str) -> Any:
    config = tensor.get("config") if isinstance(tensor, Mapping) else None
    if not isinstance(config, Mapping) or "keras_history" not in config:
        raise InvalidDocument(f"{what} must read tensors; received {shown(tensor)}.")
    return config["keras_history"]


def history_of(value: Any) -> Source | None:
    """Return the tensor that a value of Keras 3's documents is, None of another value."""
    config = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(config, Mapping) or "keras_history" not in config:
        return None
    return _source(config["keras_history"], "a tensor")


def _source(triple: Any, what: str) -> Source:
    is_tensor = isinstance(triple, list | tuple) and len(triple) == 3
    if is_tensor and isinstance(triple[0], str) and all(map(_is_index, triple[1:])):
        return Source(*triple)
    raise InvalidDocument(f"{what} must be [name, call, output]; received {shown(triple)}.")


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
