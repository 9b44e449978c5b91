"""A model's calls of layers with the specs of their tensors: what a table or a picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from convdispatch.engine.graph import Node
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec, Specs, listed


class Origin(NamedTuple):
    """Where a tensor comes from: an output of one of the calls of a layer.

    layer: None where a Sequential's first layer reads what the model is given.
    """

    layer: Any
    call: int  # among the calls of that layer, from 0
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call of a layer, or of a nested model."""

    layer: Any
    reads: tuple[int, ...]  # numbers of tensors, as in a `Graph`
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A model as it is computed.

    inputs, origins: for each tensor its number's; the first ones are the model's inputs.
    outputs: the numbers of the tensors that the model returns.
    """

    inputs: tuple[Spec, ...]
    origins: tuple[Origin, ...]
    calls: tuple[Called, ...]
    outputs: tuple[int, ...]

    def of(self, layer: Any) -> list[Called]:
        """Return the calls of a layer."""
        return [one for one in self.calls if one.layer is layer]

    @property
    def is_chain(self) -> bool:
        """Whether each call reads one tensor, of the call before, and no layer is called twice."""
        layers = {id(one.layer) for one in self.calls}
        if len(self.inputs) != 1 or len(layers) != len(self.calls):
            return False
        before: Any = self.origins[0].layer
        for one in self.calls:
            if len(one.reads) != 1 or self.origins[one.reads[0]].layer is not before:
                return False
            before = one.layer
        return True


def calls_of(model: Any) -> Calls:
    """Return the calls of a built model: those of nested models' layers are not among them."""
    graph = model.graph()
    names = getattr(model, "input_names", None)
    by_name = {layer.name: layer for layer in model.layers}
    givers = [None] * len(graph.inputs) if names is None else [by_name.get(name) for name in names]
    origins = [Origin(layer, 0, 0) for layer in givers]
    called: list[Called] = []
    counts: dict[int, int] = {}
    specs = list(graph.inputs)
    for node in graph.nodes:
        read = tuple(specs[number] for number in node.reads)
        written = _outputs(node, read)
        specs += written
        count = counts.get(id(node.layer), 0)
        counts[id(node.layer)] = count + 1
        origins += [Origin(node.layer, count, place) for place in range(len(written))]
        called.append(
            Called(layer=node.layer, reads=node.reads, inputs=read, outputs=tuple(written))
        )
    return Calls(
        inputs=graph.inputs,
        origins=tuple(origins),
        calls=tuple(called),
        outputs=graph.outputs,
    )


def all_nested_in(model: Any) -> list[Any]:
    """Return the models that a model calls, and those that they call, each once."""
    found: dict[int, Any] = {}
    pending = [model]
    while pending:
        for layer in pending.pop(0).layers:
            if not isinstance(layer, Layer) and id(layer) not in found:
                found[id(layer)] = layer
                pending.append(layer)
    return list(found.values())


def _outputs(node: Node, read: tuple[Spec, ...]) -> list[Spec]:
    given: Specs = list(read) if node.takes_list else read[0]
    return list(_specs_after(node.layer, given))


def _specs_after(layer: Any, given: Specs) -> Any:
    if isinstance(layer, Layer):
        return listed(layer.output_specs(given))
    return layer._flat_graph().run(lambda place, one, specs: one.output_specs(specs), listed(given))
