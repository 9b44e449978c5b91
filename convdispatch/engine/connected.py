"""The symbolic inputs and outputs of a layer or of a model: one of each for every call."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

from convdispatch.engine.arguments import as_int
from convdispatch.engine.specs import Shapes
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidArgument, NotConnected


class Connection(NamedTuple):
    """What one call was given and what it returned: a symbol each, or a list of them."""

    given: Any
    returned: Any


class Connected:
    """Something that records its calls with symbols.

    Keras counts the calls from 0. `input` and `output` are those of the only call.
    """

    name: str
    _calls: list[Call]
    _stacks: weakref.WeakSet[Any]

    @property
    def input(self) -> Any:
        """The symbolic input; a list where the call was given one.

        Raises `NotConnected`, an `AttributeError`, unless there was one call with symbols.
        """
        return self._only("input").given

    @property
    def output(self) -> Any:
        """The symbolic output; a list where the call returned one. It raises as `input` does."""
        return self._only("output").returned

    def get_input_at(self, node_index: int) -> Any:
        """Return the symbolic input of that call with symbols, counted from 0."""
        return self._at(node_index).given

    def get_output_at(self, node_index: int) -> Any:
        """Return the symbolic output of that call with symbols, counted from 0."""
        return self._at(node_index).returned

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the shape of `get_input_at`; a list of them where it is a list."""
        return shapes_in(self._at(node_index).given)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the shape of `get_output_at`; a list of them where it is a list."""
        return shapes_in(self._at(node_index).returned)

    def _connections(self) -> list[Connection]:
        """Return what the calls were given and returned, in their order."""
        if not self._calls:  # a copy's calls are those of its models
            for stack in sorted(self._stacks, key=lambda stack: str(stack.name)):
                stack.record_calls()
        return [connection_of(call) for call in self._calls]

    def _only(self, what: str) -> Connection:
        found = self._connections()
        if len(found) == 1:
            return found[0]
        if not found:
            raise NotConnected(
                f"{self.name!r} was not called with a symbolic tensor, so it has no `{what}`. Call "
                "it with what `Input` or another layer returned, or put it into a Sequential that "
                "knows its input shape."
            )
        raise NotConnected(
            f"{self.name!r} was called {len(found)} times with symbolic tensors, so it has more "
            f"than one `{what}`. `get_{what}_at(index)` returns that of one call, counted from 0."
        )

    def _at(self, node_index: int) -> Connection:
        index, found = as_int(node_index, "node_index", minimum=-(2**31)), self._connections()
        if not -len(found) <= index < len(found):
            raise InvalidArgument(
                f"{self.name!r} was called {len(found)} times with symbolic tensors; "
                f"`node_index` counts these calls from 0; received {index}."
            )
        return found[index]


class ConnectedLayer(Connected):
    """A layer that records its calls, and states the shapes of its inputs and outputs."""

    _built_shape: Shapes

    @property
    def built_shape(self) -> Any:
        """The shape that the layer was last built for, batch axis included; a list of several."""
        if self._built_shape is None:
            raise NotConnected(f"{self.name!r} has no shape yet: build it or call it once.")
        return self._built_shape

    @property
    def input_shape(self) -> Any:
        """The shape that the layer was built for, unless its calls with symbols had several."""
        self._require_one_shape("input_shape")
        return self.built_shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output for `input_shape`."""
        self._require_one_shape("output_shape")
        return self.compute_output_shape(self.built_shape)

    def compute_output_shape(self, input_shape: Shapes) -> Any:
        """Return the output's shape for an input's."""
        raise NotImplementedError

    def _require_one_shape(self, what: str) -> None:
        """Raise `NotConnected` where the calls have several shapes; `what` is that of them."""
        if len(self._calls) < 2:
            return
        place = 0 if what == "input_shape" else 1
        shapes = {str(shapes_in(connection_of(call)[place])) for call in self._calls}
        if len(shapes) > 1:
            raise NotConnected(
                f"the calls of {self.name!r} have {len(shapes)} shapes, so it has no one "
                f"`{what}`: {', '.join(sorted(shapes))}. `get_{what}_at(index)` returns that of "
                "one call, counted from 0."
            )


def connection_of(call: Call) -> Connection:
    """Return what a call was given and returned; an input is given what it returns."""
    if not call.inputs:
        return Connection(call.result, call.result)
    return Connection(list(call.inputs) if call.takes_list else call.inputs[0], call.result)


def shapes_in(given: Any) -> Any:
    """Return the shape of a symbol, or those of a list of them."""
    return [one.shape for one in given] if isinstance(given, list) else given.shape


def called(layer: Any, given: Any) -> Any:
    """Return what a layer returned for these very symbols; where it has not, call it with them."""
    symbols = given if isinstance(given, list) else [given]
    for call in layer._calls:
        if _are_same(call.inputs, symbols):
            return call.result
    made, in_row = layer(given), getattr(layer, "in_row", None)
    return made if in_row is None else in_row(made)


def _are_same(symbols: Sequence[Symbol], others: Sequence[Symbol]) -> bool:
    return len(symbols) == len(others) and all(
        one is other for one, other in zip(symbols, others, strict=True)
    )


def symbol_of(layer: Any, spec: Any) -> Symbol:
    """Return the symbol of an input's layer; it is made where there is none."""
    call = layer._calls[0] if layer._calls else None
    if call is None:
        call = Call(layer, (), [spec], takes_list=False, gives_list=False)
    return call.outputs[0]
