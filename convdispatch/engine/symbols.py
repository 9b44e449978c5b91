"""Symbolic tensors for a model's inputs; calls of layers with them are recorded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from convdispatch.engine.operators import Operators
from convdispatch.engine.phases import depends_on_phase
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidType
from convdispatch.ops import PartialShape

_numbers = itertools.count()


class Call:
    """One call of a layer, or of a model, with symbols; a shared layer has several."""

    __slots__ = ("gives_list", "inputs", "layer", "number", "outputs", "takes_list")

    def __init__(
        self,
        layer: Any,
        inputs: Sequence[Symbol],
        outputs: Sequence[Spec],
        *,
        takes_list: bool,
        gives_list: bool,
    ) -> None:
        self.layer = layer
        self.inputs = tuple(inputs)
        self.takes_list = takes_list
        self.gives_list = gives_list
        self.number = next(_numbers)
        self.outputs = tuple(Symbol(spec, self, place) for place, spec in enumerate(outputs))
        layer._calls.append(self)

    # As Keras calls what its nodes have.

    @property
    def outbound_layer(self) -> Any:
        """The layer that was called."""
        return self.layer

    @property
    def inbound_layers(self) -> list[Any]:
        """The layers that the inputs come from."""
        return [symbol.call.layer for symbol in self.inputs]

    @property
    def input_tensors(self) -> list[Symbol]:
        """The inputs; of an input layer what it stands for."""
        return list(self.inputs or self.outputs)

    @property
    def output_tensors(self) -> list[Symbol]:
        """The outputs."""
        return list(self.outputs)

    @property
    def node_indices(self) -> list[int]:
        """For each input the number of the call that returned it, among those of its layer."""
        return [symbol._keras_history[1] for symbol in self.inputs]

    @property
    def tensor_indices(self) -> list[int]:
        """For each input its place among the outputs of that call."""
        return [symbol.place for symbol in self.inputs]

    @property
    def input_shapes(self) -> list[PartialShape]:
        """The shapes of the inputs."""
        return [symbol.shape for symbol in self.input_tensors]

    @property
    def output_shapes(self) -> list[PartialShape]:
        """The shapes of the outputs."""
        return [symbol.shape for symbol in self.outputs]

    @property
    def result(self) -> Any:
        """What the call returns: a symbol, or a list of them."""
        return list(self.outputs) if self.gives_list else self.outputs[0]


class Size(int):
    """A size with the attribute that those of TensorFlow's shapes had."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The size."""
        return int(self)


class TensorShape(tuple[int | None, ...]):
    """A shape with the methods that TensorFlow's have."""

    __slots__ = ()

    def __new__(cls, sizes: Iterable[int | None]) -> TensorShape:
        """Return a shape of these sizes."""
        return super().__new__(cls, (one if one is None else Size(one) for one in sizes))

    def as_list(self) -> list[int | None]:
        """Return the sizes as a list."""
        return [one if one is None else int(one) for one in self]

    @property
    def ndims(self) -> int:
        """How many axes there are."""
        return len(self)


class Symbol(Operators):
    """A symbolic tensor of a model; it has a shape and an element type, but no numbers.

    Scripts put attributes of their own on it.
    """

    __slots__ = ("__dict__", "__weakref__", "call", "place", "spec")

    def __init__(self, spec: Spec, call: Call, place: int) -> None:
        self.spec = spec
        self.call = call  # whose output it is
        self.place = place  # among the outputs of that call

    @property
    def shape(self) -> PartialShape:
        """The shape with the batch axis, as `get_shape` returns it; an unknown size is None."""
        return TensorShape(self.spec.shape)

    @property
    def dtype(self) -> str:
        """The name of the element type."""
        return self.spec.dtype

    @property
    def ndim(self) -> int:
        """How many axes there are, the batch axis counted."""
        return len(self.spec.shape)

    @property
    def name(self) -> str:
        """The name of the layer, and the place among its outputs, as TensorFlow writes them."""
        return f"{self.call.layer.name}:{self.place}"

    def get_shape(self) -> TensorShape:
        """Return the shape as TensorFlow's scripts ask for it."""
        return TensorShape(self.spec.shape)

    @property
    def _keras_shape(self) -> PartialShape:
        return self.spec.shape

    @_keras_shape.setter
    def _keras_shape(self, shape: Sequence[int | None]) -> None:
        """Take what a script knows of sizes that are unknown here."""
        pairs = zip(self.spec.shape, shape, strict=False)
        if len(shape) == len(self.spec.shape):
            known = tuple(new if old is None else old for old, new in pairs)
            self.spec = Spec(known, self.spec.dtype)

    @property
    def _keras_history(self) -> tuple[Any, int, int]:
        calls = self.call.layer._calls
        return self.call.layer, calls.index(self.call) if self.call in calls else 0, self.place

    @property
    def _uses_learning_phase(self) -> bool:
        own: bool | None = vars(self).get("_phase_noted")
        return depends_on_phase(self) if own is None else own

    @_uses_learning_phase.setter
    def _uses_learning_phase(self, value: bool) -> None:
        vars(self)["_phase_noted"] = bool(value)

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        raise InvalidType(
            f"a symbolic tensor has no numbers; received the output of {self.call.layer.name!r}. "
            "Make a model of it with `Model(inputs, outputs)` and call that with an array."
        )

    def __repr__(self) -> str:
        return f"<symbolic output of {self.call.layer.name!r}, shape {self.shape}, {self.dtype}>"


def symbols_in(inputs: Any) -> list[Symbol] | None:
    """Return the symbols among a layer's inputs, None if there are none.

    Raises `InvalidType` for symbols beside other values.
    """
    if isinstance(inputs, Symbol):
        return [inputs]
    if not isinstance(inputs, list | tuple) or not any(isinstance(x, Symbol) for x in inputs):
        return None
    others = [type(x).__name__ for x in inputs if not isinstance(x, Symbol)]
    if others:
        raise InvalidType(
            "`inputs` must be all symbolic tensors or none; received a symbolic tensor beside "
            f"{', '.join(others)}."
        )
    return list(inputs)


def stated_batch(symbols: Sequence[Symbol]) -> int | None:
    """Return how many samples a batch has where an input of the graph states it."""
    waiting, seen = list(symbols), set[Call]()
    while waiting:
        symbol = waiting.pop()
        if symbol.spec.shape and symbol.spec.shape[0] is not None:
            return symbol.spec.shape[0]
        if symbol.call not in seen:
            seen.add(symbol.call)
            waiting += symbol.call.inputs
    return None
