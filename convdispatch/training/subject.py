"""What training needs to know about a model, whichever kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from convdispatch.engine.graph import Graph
from convdispatch.engine.layer import Layer
from convdispatch.engine.state_batches import batch_size_of
from convdispatch.formulas.dialects import Dialect
from convdispatch.ops import PartialShape
from convdispatch.runtime.registry import registry
from convdispatch.training.checking import checks_of_classes, checks_of_input
from convdispatch.training.feeding import Feeder, Port
from convdispatch.training.objective import Objective


class Subject(Protocol):
    """A model that can be trained: layers with weights, and the graph of their calls."""

    name: str
    backend: str
    dialect: ClassVar[Dialect]
    _layers: list[Layer]

    def graph(self) -> Graph:
        """Return the calls of layers and models that the model is made of."""

    def _flat_graph(self) -> Graph:
        """Return the graph without nested models."""

    def _chains(self) -> list[tuple[Any, ...]]:
        """Return each layer with the models that it is in within this one, the outermost first."""


def are_trainable(model: Any, layers: Sequence[Layer]) -> list[bool]:
    """Return for each layer whether it and every model that it is in may be trained."""
    said = {
        id(chain[-1]): model.trainable and all(one.trainable for one in chain)
        for chain in model._chains()
    }
    return [said[id(layer)] for layer in layers]


def input_names(model: Any) -> list[str]:
    """Return the names of the inputs: a stack's one is named after its first layer."""
    own = getattr(type(model), "input_names", None)
    return list(model.input_names) if own is not None else [f"{model._layers[0].name}_input"]


def output_names(model: Any) -> list[str]:
    """Return the names of the outputs: those of the layers that compute them, each only once."""
    graph = model.graph()
    writers = {number: node.layer.name for node in graph.nodes for number in node.writes}
    inputs = dict(enumerate(input_names(model)))
    names: list[str] = []
    for number in graph.outputs:
        name = writers.get(number) or inputs[number]
        same = sum(name == other or other.startswith(f"{name}_") for other in names)
        names.append(f"{name}_{same}" if name in names else name)
    return names


def output_shapes(model: Any) -> list[PartialShape]:
    """Return the shape of each output, batch axis included."""
    shapes = model.output_shape
    return list(shapes) if isinstance(shapes, list) else [shapes]


def feeder_of(model: Any, objective: Objective | None) -> Feeder:
    """Return the feeder of the model; without an objective, for inputs only."""
    graph, names = model._flat_graph(), input_names(model)
    inputs = tuple(
        Port(
            name=name,
            shape=(None, *spec.shape[1:]),
            dtype=dtype,
            checks=checks_of_input(graph, place),
        )
        for place, (name, spec, dtype) in enumerate(
            zip(names, graph.inputs, graph.input_dtypes(), strict=True)
        )
    )
    dtype = model._layers[-1].dtype
    wanted = () if objective is None else _wanted(model, objective, dtype)
    return Feeder(
        owner=model.name,
        backend=registry.load(model.backend),
        inputs=inputs,
        wanted=wanted,
        weights_dtype="float64" if dtype == "float64" else "float32",
        batch_size=batch_size_of(model._layers),
    )


def _wanted(model: Any, objective: Objective, dtype: str) -> tuple[Port, ...]:
    shapes, found = output_shapes(model), []
    for place in objective.trained:
        target, shape = objective.targets[place], (None, *shapes[place][1:])
        is_sparse = bool(getattr(target.source, "of_classes", False))
        found.append(
            Port(
                name=target.name,
                shape=(*shape[:-1], 1) if is_sparse else shape,
                dtype="int32" if is_sparse else dtype,
                is_sparse=is_sparse,
                is_temporal=target.is_temporal,
                checks=(
                    checks_of_classes(target.source, shapes[place][-1], target.name)
                    if is_sparse
                    else ()
                ),
                takes_any=getattr(target.source, "takes_any", not hasattr(target.source, "apply")),
            )
        )
    return tuple(found)
