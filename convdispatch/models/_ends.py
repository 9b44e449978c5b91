"""The symbolic inputs and outputs of a model, of which other models are made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convdispatch.engine.connected import (
    Connected,
    Connection,
    called,
    connection_of,
    shapes_in,
    symbol_of,
)
from convdispatch.engine.graph import Graph, numbers_of
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import NotConnected
from convdispatch.layers import InputLayer
from convdispatch.ops import PartialShape
from convdispatch.support.locks import Lock


class WithEnds(Connected):
    """A model, which has tensors of its own besides those of its calls."""

    _lock: Lock  # of those that change the model

    @property
    def inputs(self) -> list[Symbol]:
        """The symbolic inputs."""
        return _listed(self._own().given)

    @property
    def outputs(self) -> list[Symbol]:
        """The symbolic outputs, of which another model can be made."""
        return _listed(self._own().returned)

    @property
    def input(self) -> Any:
        """The symbolic input; a list of several ones."""
        return self._own().given

    @property
    def output(self) -> Any:
        """The symbolic output; a list where the model returns one."""
        return self._own().returned

    def record_calls(self) -> None:
        """Let the layers record the model's calls of them, which a copy of it has not made."""
        raise NotImplementedError

    def _own(self) -> Connection:
        """Return the model's own inputs and outputs; raise `NotConnected` where it has none."""
        raise NotImplementedError

    def _connections(self) -> list[Connection]:
        """Return its own tensors, then those of its calls, as Keras 1 and 2 count them."""
        return [self._own(), *map(connection_of, self._calls)]


class GraphEnds(WithEnds):
    """A graph of layers, whose tensors are those that it was made of."""

    _graph: Graph
    _members: list[Any]
    _input_names: tuple[str, ...]
    _made_of: tuple[list[Symbol], list[Symbol]] | None = None

    def _own(self) -> Connection:
        inputs, outputs = self._made_of or self._called_again()
        returned = outputs if self._graph.gives_list else outputs[0]
        return Connection(inputs if len(inputs) > 1 else inputs[0], returned)

    def record_calls(self) -> None:
        """Let the layers record the model's calls of them, which a copy of it has not made."""
        if self._made_of is None:
            self._called_again()

    def _called_again(self) -> tuple[list[Symbol], list[Symbol]]:
        with self._lock.held():  # once, whichever thread asks first
            if self._made_of is None:
                members = {member.name: member for member in self._members}
                pairs = zip(self._input_names, self._graph.inputs, strict=True)
                inputs = [symbol_of(members[name], spec) for name, spec in pairs]
                outputs = self._graph.run(lambda _, layer, given: called(layer, given), inputs)
                self._made_of = inputs, outputs
            return self._made_of

    def _symbol_numbers(self) -> dict[Symbol, int]:
        """Return by symbol the number of its tensor in the graph without nested models."""
        numbers = numbers_of(*(self._made_of or self._called_again()))
        flat = self._graph.flat_numbers()
        return {symbol: flat[number] for symbol, number in numbers.items()}

    def _restate(self) -> None:
        """Let the tensors have the shapes of now, after an argument of a layer has changed."""
        if self._made_of is not None:
            self._graph.run(_called_and_restated, self._made_of[0])


class StackEnds(WithEnds):
    """A stack of layers, each of which is called with the output of the one before."""

    _layers: list[Any]
    _symbols: list[Symbol]  # the input, then the output of each layer as far as they are known

    def symbols(self) -> list[Symbol]:
        """Return the input and the output of each layer; raise `NotConnected` where unknown."""
        self.record_calls()
        if len(self._symbols) <= len(self._layers) or not self._layers:
            raise NotConnected(
                f"{self.name!r} does not know its input shape, so it has no symbolic tensors: give "
                "`input_shape` to its first layer, or to `build`."
            )
        return list(self._symbols)

    def _own(self) -> Connection:
        symbols = self.symbols()
        return Connection(symbols[0], symbols[-1])

    def record_calls(self) -> None:
        """Let each layer record its call with the output of the one before."""
        with self._lock.held():  # once, whichever thread asks first
            symbols = self._symbols
            for layer in self._layers[max(len(symbols) - 1, 0) :]:  # the new ones
                if not layer.built:
                    return
                if not symbols:
                    symbols.append(_first_symbol(layer))
                symbols.append(symbols[-1] if layer.is_input else called(layer, symbols[-1]))

    def _symbol_numbers(self) -> dict[Symbol, int]:
        """Return by symbol the number of its tensor in the graph."""
        return {symbol: number for number, symbol in enumerate(self.symbols())}

    def _restate(self) -> None:
        """Let the tensors have the shapes of now, after an argument of a layer has changed."""
        if self._symbols:
            first = self._symbols[0]
            first.spec = replace(first.spec, shape=self._layers[0].built_shape)
            pairs = zip(self._layers, self._symbols, self._symbols[1:], strict=False)
            for layer, given, returned in pairs:
                if returned is not given:
                    returned.spec = layer.output_specs(given.spec)


def _first_symbol(layer: Any) -> Symbol:
    shape: PartialShape = layer.built_shape
    if layer.is_input:
        return symbol_of(layer, Spec(shape, layer.dtype))
    # On the layer's backend: the current one may be another, which nobody has loaded.
    start = InputLayer(
        batch_input_shape=shape,
        dtype=layer.input_dtype,
        name=f"{layer.name}_input",
        backend=layer.backend,
    )
    start.build(shape)
    return symbol_of(start, Spec(shape, start.dtype))


def _called_and_restated(place: int, layer: Any, given: Any) -> Any:
    """Return what a layer returned for these symbols, with the shapes of now."""
    returned = called(layer, given)
    shapes = layer.compute_output_shape(shapes_in(given))
    pairs = zip(_listed(returned), shapes if isinstance(returned, list) else [shapes], strict=True)
    for symbol, shape in pairs:
        symbol.spec = replace(symbol.spec, shape=tuple(shape))
    return returned


def _listed(given: Any) -> list[Symbol]:
    return list(given) if isinstance(given, list) else [given]
