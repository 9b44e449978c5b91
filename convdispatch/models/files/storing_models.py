"""A model's architecture as a Keras writes it: a stack, or the calls of a graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from convdispatch.doors.written import TITLES
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec, listed
from convdispatch.errors import InvalidArgument
from convdispatch.models._function_names import require_told_apart
from convdispatch.models._graph_documents import calls_of, counted_from_one
from convdispatch.models._structures import packed
from convdispatch.models.files.order import TAKE_STATES, is_stack
from convdispatch.models.files.storing_layers import layer_entry

_MODULES = {
    "tf_keras": {"Sequential": "keras", "Functional": "keras.src.engine.functional"},
    "keras3": {"Sequential": "keras", "Functional": "keras.src.models.functional"},
}
_MODERN = ("tf_keras", "keras3")


def architecture_of(model: Any, dialect: str, *, by_names: bool = False) -> dict[str, Any]:
    """Return the document of a model in a dialect's words, of JSON types alone.

    by_names: whether the file has weights by the names of layers and models, so that they all need
        one: Keras 1's stacks have none.

    Raises `InvalidArgument` for what the dialect cannot say, with the layer's name.
    """
    require_told_apart(model._layers)
    found = _model_entry(model, dialect)
    found.pop("name", None)
    if by_names and dialect == "keras1":
        _name_stacks(found["config"], model)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def _name_stacks(config: Any, model: Any) -> None:
    """Name the models in a configuration of Keras 1."""
    is_list = isinstance(config, list)
    members = [one for one in model.layers if not (is_list and getattr(one, "is_input", False))]
    for entry, member in zip(config if is_list else config["layers"], members, strict=True):
        if not isinstance(member, Layer):
            entry["name"] = member.name
            _name_stacks(entry["config"], member)


def _model_entry(model: Any, dialect: str) -> dict[str, Any]:
    """Return the entry of a model: its class, and its configuration."""
    kind = "Sequential" if is_stack(model) else "Functional" if dialect in _MODERN else "Model"
    config = _stack(model, dialect) if kind == "Sequential" else _graph(model, dialect)
    entry: dict[str, Any] = {"class_name": kind, "config": config}
    if dialect in _MODERN:
        entry = {"module": _MODULES[dialect][kind], **entry}
        entry["registered_name"] = kind if kind == "Functional" else None
        shape = model.input_shape
        if None not in (shape, *listed_shapes(shape)):
            entry["build_config"] = {"input_shape": shape}
    return entry


def listed_shapes(shape: Any) -> list[Any]:
    """Return the shapes of a model's inputs as a list."""
    return list(shape) if isinstance(shape, list) else [shape]


def _entry(member: Any, dialect: str) -> dict[str, Any]:
    if not isinstance(member, Layer):
        return _model_entry(member, dialect)
    entry = layer_entry(member, dialect, partial(_model_entry, dialect=dialect))
    if dialect in _MODERN:
        is_own = not type(member).__module__.startswith("convdispatch")
        module = type(member).__module__ if is_own else "keras.layers"
        name = entry["class_name"] if is_own else None
        entry = {"module": module, **entry, "registered_name": name}
    return entry


def _stack(model: Any, dialect: str) -> Any:
    members = [one for one in model.layers if not getattr(one, "is_input", False)]
    entries = [_entry(one, dialect) for one in members]
    shape = model.input_shape if model.built else None
    for entry in entries[1:]:
        _drop_shape(entry, dialect)
    if dialect in _MODERN and shape is not None:
        entries.insert(0, _input_entry(model, members[0], shape, dialect))
    elif shape is not None and isinstance(entries[0]["config"], dict):
        entries[0]["config"].setdefault("batch_input_shape", list(shape))
        key = "input_dtype" if dialect == "keras1" else "dtype"
        entries[0]["config"].setdefault(key, _input_dtype(members[0]))
    if dialect == "keras1":
        return entries
    config = {"name": model.name, "layers": entries}
    if dialect == "keras3":
        config["trainable"] = model.trainable
        if shape is not None:
            config["build_input_shape"] = list(shape)
    return config


def _drop_shape(entry: dict[str, Any], dialect: str) -> None:
    """Take the input's shape out of the entry of a layer that is not the first one."""
    is_input = entry["class_name"] == "InputLayer"
    if dialect == "keras1" and isinstance(entry["config"], dict) and not is_input:
        for key in ("batch_input_shape", "input_dtype"):
            entry["config"].pop(key, None)


def _input_dtype(member: Any) -> str:
    while not isinstance(member, Layer):
        member = member.layers[0]
    return str(member.input_dtype)


def _input_entry(model: Any, first: Any, shape: Any, dialect: str) -> dict[str, Any]:
    """Return the entry of the input, which a stack here does not list."""
    key = "batch_shape" if dialect == "keras3" else "batch_input_shape"
    given = model.layers[0]
    name = given.name if getattr(given, "is_input", False) else f"{first.name}_input"
    config = {key: list(shape), "dtype": _input_dtype(first), "sparse": False, "ragged": False}
    entry = {"module": "keras.layers", "class_name": "InputLayer"}
    return {**entry, "config": {**config, "name": name}, "registered_name": None}


def _graph(model: Any, dialect: str) -> dict[str, Any]:
    graph, structures = model.graph(), _structures(model, dialect)
    calls = calls_of(graph, model.input_names)
    nodes, outputs = calls["inbound_nodes"], calls["output_layers"]
    inner = [one for one in model.layers if not isinstance(one, Layer)]
    if dialect == "keras3":
        nodes = _modern_nodes(model, nodes)
        inner = [one for one in inner if not is_stack(one)]
    else:
        names = {one.name for one in inner}
        nodes = {
            name: [counted_from_one(call, names) for call in own] for name, own in nodes.items()
        }
        members = {one.name: one for one in model.layers}
        nodes = {
            name: [_within_structure(members[name], call) for call in own]
            for name, own in nodes.items()
        }
    outputs = counted_from_one(outputs, {one.name for one in inner})
    if dialect == "keras1":
        nodes = {
            name: [[tensor[:3] for tensor in call] for call in own] for name, own in nodes.items()
        }
    entries = []
    for member in model.layers:
        entry = _entry(member, dialect)
        _drop_shape(entry, dialect)
        entries.append({**entry, "name": member.name, "inbound_nodes": nodes[member.name]})
    config = {
        "name": model.name,
        "layers": entries,
        "input_layers": _ends(calls["input_layers"], dialect, is_list=False),
        "output_layers": _ends(outputs, dialect, is_list=graph.gives_list),
    }
    if dialect in _MODERN:
        config["trainable"] = model.trainable
    rows = {"input_layers": calls["input_layers"], "output_layers": outputs}
    return config | {key: packed(one, rows[key]) for key, one in structures.items()}


def _structures(model: Any, dialect: str) -> dict[str, Any]:
    """Return the structures of a model's ends; raise where the dialect has none."""
    found: dict[str, Any] = {}
    for key in ("input", "output"):
        structure = getattr(model, f"{key}_structure", None)
        if structure is None:
            continue
        if dialect not in _MODERN:
            raise InvalidArgument(
                f"a file of {TITLES[dialect]} cannot hold the model {model.name!r}, whose {key}s "
                "are a dictionary or a nested list. Save with the `dialect` 'keras3' or "
                "'tf_keras', or make a model of the same tensors in a list."
            )
        found[f"{key}_layers"] = structure
    return found


def _within_structure(member: Any, tensors: Any) -> Any:
    """Return the tensors of a call as the model that is called takes them."""
    structure = getattr(member, "input_structure", None)
    return tensors if structure is None else packed(structure, tensors)


def _ends(tensors: list[Any], dialect: str, *, is_list: bool) -> Any:
    is_one = len(tensors) == 1 and dialect == "keras3" and not is_list
    return tensors[0] if is_one else tensors


def _modern_nodes(model: Any, nodes: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the calls as Keras 3 writes them: the tensors with their shapes, as arguments."""
    specs = dict(_specs(model))
    found: dict[str, list[Any]] = {name: [] for name in nodes}
    for node in model.graph().nodes:
        name = node.layer.name
        history = [tensor[:3] for tensor in nodes[name][len(found[name])]]
        tensors = [
            {
                "class_name": "__keras_tensor__",
                "config": {"shape": specs[n].shape, "dtype": specs[n].dtype, "keras_history": own},
            }
            for n, own in zip(node.reads, history, strict=True)
        ]
        keywords: dict[str, Any] = {}
        if isinstance(node.layer, TAKE_STATES) and len(tensors) > 1:
            tensors, keywords["initial_state"] = tensors[:1], tensors[1:]
            arguments: list[Any] = tensors
        else:
            given = _within_structure(node.layer, tensors)
            arguments = [given] if node.takes_list else tensors
        found[name].append({"args": arguments, "kwargs": keywords})
    return found


def _specs(model: Any) -> Iterator[tuple[int, Spec]]:
    """Yield the number and the spec of each tensor of a model's graph."""
    graph = model.graph()
    known = dict(enumerate(graph.inputs))
    for node in graph.nodes:
        given: Any = [known[number] for number in node.reads]
        outputs = _output_specs(node.layer, given if node.takes_list else given[0])
        known.update(zip(node.writes, outputs, strict=True))
    yield from known.items()


def _output_specs(layer: Any, given: Any) -> Sequence[Spec]:
    if isinstance(layer, Layer):
        return listed(layer.output_specs(given))
    if is_stack(layer) and not hasattr(layer, "_output_specs"):
        spec = given
        for one in layer.layers:
            spec = one.output_specs(spec)
        return [spec]
    found: Sequence[Spec] = layer._output_specs(listed(given))
    return found
