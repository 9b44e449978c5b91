"""A graph of calls as frozen data: the layers, and the tensors that each reads and writes.

Tensors are numbered: first the graph's inputs, then what each node writes. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidArgument
from convdispatch.ops import INTEGER_DTYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One call of a layer. A shared layer has several nodes and one set of weights."""

    layer: Any
    reads: tuple[int, ...]  # numbers of tensors
    writes: tuple[int, ...]
    takes_list: bool
    gives_list: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Calls in an order in which each comes after the calls whose results it reads."""

    inputs: tuple[Spec, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]  # numbers of tensors
    gives_list: bool
    masked: frozenset[int] = frozenset()  # numbers of tensors that have a mask

    def input_dtypes(self) -> tuple[str, ...]:
        """Return the element type of each input: integers where every layer that reads it does.

        A layer that only moves numbers reads what the layers behind it read.

        So numbers of rows are never rounded to half precision, whatever type the input has.
        """
        return tuple(self._input_dtype(place) for place in range(len(self.inputs)))

    def _input_dtype(self, place: int) -> str:
        stated: str = self.inputs[place].dtype
        wanted = {layer.input_dtype for layer in self._readers(place)}
        if not wanted or stated in INTEGER_DTYPES or not wanted.issubset(INTEGER_DTYPES):
            return stated
        return str(max(wanted))

    def _readers(self, number: int) -> Iterator[Any]:
        """Yield the layers that read a tensor; those behind what only passes it on instead."""
        for node in self.nodes:
            if number not in node.reads:
                continue
            is_input = getattr(node.layer, "is_input", False)
            passes = is_input or getattr(node.layer, "only_moves", False)
            behind = list(self._readers(node.writes[0])) if passes else []
            yield from behind or [node.layer]

    def run(self, call: Callable[[int, Any, Any], Any], inputs: Sequence[Any]) -> list[Any]:
        """Return the outputs, each node computed by `call(its place, its layer, its inputs)`."""
        tensors = list(inputs)
        for place, node in enumerate(self.nodes):
            read = [tensors[number] for number in node.reads]
            written = call(place, node.layer, read if node.takes_list else read[0])
            tensors += written if node.gives_list else [written]
        return [tensors[number] for number in self.outputs]

    def flattened(self) -> Graph:
        """Return the same graph with the nodes of nested models instead of their calls."""
        return self._flattened()[0]

    def flat_numbers(self) -> list[int]:
        """Return by its number here the number of each tensor in the flattened graph."""
        return self._flattened()[1]

    def _flattened(self) -> tuple[Graph, list[int]]:
        if not any(map(_is_model, self.nodes)):
            count = len(self.inputs) + sum(len(node.writes) for node in self.nodes)
            return self, list(range(count))
        nodes: list[Node] = []
        numbers = list(range(len(self.inputs)))  # the number there of each tensor here
        count = len(self.inputs)
        for node in self.nodes:
            reads = [numbers[number] for number in node.reads]
            nested = node.layer.graph().flattened() if _is_model(node) else None
            added, written = _placed(node, nested, reads, count)
            nodes += added
            count += sum(len(one.writes) for one in added)
            numbers += written
        flat = Graph(
            inputs=self.inputs,
            nodes=tuple(nodes),
            outputs=tuple(numbers[number] for number in self.outputs),
            gives_list=self.gives_list,
        )
        return flat, numbers


def _is_model(node: Node) -> bool:
    return callable(getattr(type(node.layer), "graph", None))


def chain(layers: Iterable[Any], spec: Spec) -> Graph:
    """Return the graph of layers that each read the output of the one before."""
    nodes = tuple(
        Node(layer=layer, reads=(i,), writes=(i + 1,), takes_list=False, gives_list=False)
        for i, layer in enumerate(layers)
    )
    return Graph(inputs=(spec,), nodes=nodes, outputs=(len(nodes),), gives_list=False)


def traced(inputs: Sequence[Symbol], outputs: Sequence[Symbol], *, gives_list: bool) -> Graph:
    """Return the graph of the calls that lead from the inputs to the outputs.

    Raises `InvalidArgument` if an output needs a tensor that depends on none of the inputs.
    """
    calls, numbers = _numbered(inputs, outputs)
    nodes = [
        Node(
            layer=call.layer,
            reads=tuple(numbers[symbol] for symbol in call.inputs),
            writes=tuple(numbers[symbol] for symbol in call.outputs),
            takes_list=call.takes_list,
            gives_list=call.gives_list,
        )
        for call in calls
    ]
    return Graph(
        inputs=tuple(symbol.spec for symbol in inputs),
        nodes=tuple(nodes),
        outputs=tuple(numbers[symbol] for symbol in outputs),
        gives_list=gives_list,
    )


def numbers_of(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> dict[Symbol, int]:
    """Return the number that each symbol has in the graph from the inputs to the outputs."""
    return _numbered(inputs, outputs)[1]


def _numbered(
    inputs: Sequence[Symbol], outputs: Sequence[Symbol]
) -> tuple[list[Call], dict[Symbol, int]]:
    """Return the calls in their order, and the numbers of all tensors."""
    given = {id(symbol): number for number, symbol in enumerate(inputs)}
    calls = sorted(_calls_between(given, outputs), key=lambda call: call.number)
    numbers = {symbol: number for number, symbol in enumerate(inputs)}
    count = len(numbers)
    for call in calls:
        for symbol in call.outputs:
            numbers.setdefault(symbol, count)
            count += 1
    return calls, numbers


def _calls_between(given: dict[int, int], outputs: Sequence[Symbol]) -> list[Call]:
    """Return the calls that the outputs need, up to the given symbols."""
    found: dict[int, Call] = {}
    pending = list(outputs)
    while pending:  # a list, not recursion: a deep network has a thousand layers
        symbol = pending.pop()
        call = symbol.call
        if id(symbol) in given or id(call) in found:
            continue
        if not call.inputs and call.layer.is_input:
            raise InvalidArgument(
                f"`outputs` need {call.layer.name!r}, an input of shape {symbol.shape} that is not "
                "among `inputs`. Add it to them."
            )
        found[id(call)] = call
        pending += call.inputs
    return list(found.values())


def _placed(
    node: Node, nested: Graph | None, reads: Sequence[int], count: int
) -> tuple[list[Node], list[int]]:
    """Return the nodes that replace a node, and the numbers of the tensors that it writes.

    `reads` are the numbers of the tensors that it reads, `count` the number of tensors before it.
    """
    if nested is None:
        writes = tuple(range(count, count + len(node.writes)))
        placed = Node(
            layer=node.layer,
            reads=tuple(reads),
            writes=writes,
            takes_list=node.takes_list,
            gives_list=node.gives_list,
        )
        return [placed], list(writes)

    def moved(number: int) -> int:
        is_input = number < len(nested.inputs)
        return reads[number] if is_input else number - len(nested.inputs) + count

    nodes = [
        Node(
            layer=inner.layer,
            reads=tuple(map(moved, inner.reads)),
            writes=tuple(map(moved, inner.writes)),
            takes_list=inner.takes_list,
            gives_list=inner.gives_list,
        )
        for inner in nested.nodes
    ]
    return nodes, [moved(number) for number in nested.outputs]


def layers_in_keras_order(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> list[Any]:
    """Return the layers of a graph, including those of the inputs, in the order of every Keras.

    By depth, the longest way to an output, the deepest first; layers of one depth in the order in
    which a walk back from the outputs meets them. Source: Keras 2.2.4 `_map_graph_network`.
    """
    indices: dict[int, int] = {}
    finished = _finished_calls({id(symbol.call) for symbol in inputs}, outputs, indices)
    depths: dict[int, int] = {}  # of calls
    layer_depths: dict[int, int] = {}
    layers: dict[int, Any] = {}
    for call in reversed(finished):
        layer = id(call.layer)
        layers[layer] = call.layer
        depth = max(depths.get(id(call), 0), layer_depths.get(layer, 0))
        depths[id(call)] = layer_depths[layer] = depth
        for symbol in call.inputs:
            above = id(symbol.call)
            depths[above] = max(depths.get(above, 0), depth + 1)
    for symbol in inputs:  # one that no output needs
        layer = id(symbol.call.layer)
        layers.setdefault(layer, symbol.call.layer)
        layer_depths.setdefault(layer, 0)
        indices.setdefault(layer, -1)
    return sorted(layers.values(), key=lambda layer: (-layer_depths[id(layer)], indices[id(layer)]))


def _finished_calls(
    ends: set[int], outputs: Sequence[Symbol], indices: dict[int, int]
) -> list[Call]:
    """Return the calls in the order in which a walk back from the outputs leaves them.

    Records in `indices` the order in which it meets their layers.
    """
    left: list[Call] = []
    met: set[int] = set()
    for output in outputs:
        pending = [(output.call, False)]
        while pending:
            call, is_left = pending.pop()
            if is_left:
                left.append(call)
                continue
            if id(call) in met:
                continue
            met.add(id(call))
            indices.setdefault(id(call.layer), len(indices))
            pending.append((call, True))
            if id(call) not in ends:
                pending += [(symbol.call, False) for symbol in reversed(call.inputs)]
    return left
