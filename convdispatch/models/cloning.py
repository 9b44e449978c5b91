"""A model like another one, with weights of its own."""

from __future__ import annotations

from typing import Any, TypeVar

from convdispatch.engine.declarations import lasting
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models._members import symbols
from convdispatch.models._sequential import Sequential
from convdispatch.models._telling import Telling
from convdispatch.symbolic.standing import standing_for

ModelT = TypeVar("ModelT")


def clone_model(model: ModelT, input_tensors: Any = None) -> ModelT:
    """Return a model of new layers with newly drawn weights; functions are the very same.

    input_tensors: symbolic tensors that the new model begins with, one for each of its inputs. An
        input stands for one that no `Input` made. None: new inputs.

    Raises `InvalidType` for what is no model or no symbolic tensor, and `InvalidArgument` for
    another number of tensors than inputs.

    >>> from convdispatch import Sequential, layers
    >>> twin = clone_model(Sequential([layers.Dense(3, input_shape=(4,))]))
    >>> twin.output_shape
    (None, 3)
    """
    if not isinstance(model, Telling):
        raise InvalidType(
            f"`model` must be a Sequential or a Model; received {type(model).__name__}."
        )
    given = None if input_tensors is None else _begun(model, input_tensors)
    twin: Any = model.to(model.backend)  # type: ignore[attr-defined] # both models have it
    for name in ("optimizer", "loss", "history", "_wishes"):  # a clone is not compiled
        vars(twin).pop(name, None)
    for layer in twin._layers:
        declared = lasting(layer.declared_weights) if layer.built else ()
        if declared:
            layer.fill([layer._draw(weight) for weight in declared])
    return twin if given is None else _on(twin, given)  # type: ignore[no-any-return] # its class


def _begun(model: Any, tensors: Any) -> list[Symbol]:
    """Return inputs for these tensors: themselves, or what stands for them."""
    given, wanted = symbols(tensors, "input_tensors"), model.graph().inputs
    if len(given) != len(wanted):
        raise InvalidArgument(
            f"`input_tensors` must have a tensor for each of the {len(wanted)} inputs of "
            f"{model.name!r}; received {len(given)}."
        )
    return [
        one if one.call.layer.is_input else standing_for(one, f"{model.name}_input_{place}")
        for place, one in enumerate(given, 1)
    ]


def _on(twin: Any, given: list[Symbol]) -> Any:
    """Return the model whose layers are called anew, beginning with these inputs."""
    if isinstance(twin, Sequential):
        return type(twin)([given[0].call.layer, *twin.layers], name=twin.name)
    graph, made = twin.graph(), list(given)
    for node in graph.nodes:
        read = [made[number] for number in node.reads]
        found = node.layer(read if node.takes_list else read[0])
        made += found if node.gives_list else [found]
    outputs = [made[number] for number in graph.outputs]
    ends = outputs if graph.gives_list else outputs[0]
    return type(twin)(given if len(given) > 1 else given[0], ends, name=twin.name)
