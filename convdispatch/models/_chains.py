"""Read a functional model that is one chain of layers as a stack of layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.errors import InvalidDocument
from convdispatch.models._graph_documents import asks_something
from convdispatch.support.documents import shown

FUNCTIONAL = ("Model", "Functional")


def stack_of(config: Any) -> dict[str, Any]:
    """Return the configuration of the Sequential that is equivalent to a functional model.

    Raises `InvalidDocument` if the model is not one chain: if it has several inputs or outputs, a
    layer that is called twice, or a call with other arguments.
    """
    entries = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(entries, list):
        raise InvalidDocument(
            f"`config` of a functional model must have a list of `layers`; received {shown(config)}"
        )
    if not entries:
        raise _branched("it has no layers")
    by_name, source = _nodes(entries)
    first = _only(config.get("input_layers"), "input")
    last = _only(config.get("output_layers"), "output")
    chain: list[Any] = []
    name: str | None = last
    while name is not None and len(chain) < len(entries):
        if name not in by_name:
            raise _branched(f"it names a layer {shown(name)} that it does not have")
        chain.append(by_name[name])
        name = source[name]
    if name is not None or len(chain) < len(entries) or chain[-1] is not by_name.get(first):
        raise _branched("its layers are not all on one way from the input to the output")
    return {"name": config.get("name"), "layers": chain[::-1]}


def _nodes(entries: list[Any]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Return the layers by name, and for each the name of the one that feeds it."""
    by_name: dict[str, Any] = {}
    source: dict[str, str | None] = {}
    for entry in entries:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or name in by_name:
            raise _branched(f"it has the entry {shown(entry)} without a name of its own")
        by_name[name] = entry
        source[name] = _source(entry.get("inbound_nodes"), name)
    return by_name, source


def _source(nodes: Any, name: str) -> str | None:
    """Return the layer whose output is the only input of the only call; None of an input."""
    if not isinstance(nodes, list) or len(nodes) > 1:
        raise _branched(f"it calls {shown(name)} {_times(nodes)}")
    if not nodes:
        return None
    node = nodes[0]
    if isinstance(node, Mapping):  # Keras 3
        arguments, keywords = node.get("args"), node.get("kwargs")
        tensor = arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else None
        history = tensor.get("config") if isinstance(tensor, Mapping) else None
        triple = history.get("keras_history") if isinstance(history, Mapping) else None
    else:  # Keras 1 and 2: a list of [layer, node, tensor] or [layer, node, tensor, arguments]
        only = node[0] if isinstance(node, list) and len(node) == 1 else None
        triple = only[:3] if isinstance(only, list) else None
        keywords = only[3] if isinstance(only, list) and len(only) == 4 else {}
    if not isinstance(keywords, Mapping) or any(
        asks_something(key, value) for key, value in keywords.items()
    ):
        raise _branched(f"it calls {shown(name)} with other arguments: {shown(keywords)}")
    return _layer_of(triple, f"the input of {shown(name)}")


def _only(layers: Any, kind: str) -> str:
    """Return the name of the only input or output of the model."""
    is_one = isinstance(layers, list) and len(layers) == 1
    return _layer_of(layers[0] if is_one else layers, f"the only {kind} of the model")


def _layer_of(triple: Any, what: str) -> str:
    is_first = isinstance(triple, list) and len(triple) == 3 and triple[1:] == [0, 0]
    if is_first and isinstance(triple[0], str):
        return str(triple[0])
    raise _branched(f"{what} must be [name, 0, 0]; received {shown(triple)}")


def _times(nodes: Any) -> str:
    return f"{len(nodes)} times" if isinstance(nodes, list) else f"as {shown(nodes)} says"


def _branched(reason: str) -> InvalidDocument:
    return InvalidDocument(
        f"the document is not one chain of layers, which a Sequential would be: {reason}. Read it "
        "with `model_from_json`, which makes a `Model` of any graph."
    )
