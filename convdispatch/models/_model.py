"""A model of any graph of layers: several inputs and outputs, branches, shared layers, models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self, overload

from convdispatch.engine import layer_options
from convdispatch.engine.arguments import as_bool
from convdispatch.engine.graph import Graph, layers_in_keras_order, traced
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import apply_layer, compute, require_supported, with_masks
from convdispatch.engine.specs import Spec, shapes_of
from convdispatch.engine.symbols import Call, Symbol, symbols_in
from convdispatch.errors import InvalidShape
from convdispatch.models._compiled_forward import CompiledForward
from convdispatch.models._copies import NOT_COPIED, CopiedStack
from convdispatch.models._ends import GraphEnds
from convdispatch.models._exporting import Exportable
from convdispatch.models._graph_documents import calls_of
from convdispatch.models._inference import Predicting
from convdispatch.models._members import (
    chains,
    common_backend,
    depth_of,
    member_of,
    moved,
    require_inputs,
    require_names,
    require_shape,
    require_told_apart,
    symbols,
)
from convdispatch.models._model_inputs import ModelInputs
from convdispatch.models._serialization import as_json, layer_entry
from convdispatch.models._structures import WithStructures, leaves, numbered
from convdispatch.models._telling import Telling
from convdispatch.ops import FLOAT_DTYPES
from convdispatch.runtime import selection
from convdispatch.support.locks import Lock
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class Model(WithStructures, ModelInputs, GraphEnds, Telling, Predicting, Exportable, CopiedStack):
    """The layers between symbolic inputs, which `Input` makes, and symbolic outputs.

    A layer that is called several times has one set of weights; a model may be called as a layer.
    All layers are on one backend. With one input the model takes a tensor, with several a list in
    their order or a dictionary by their names; it returns a list where `outputs` was one.

    Raises `InvalidArgument` where `outputs` need an input that is not among `inputs`, for two
    layers of one name, for layers of different backends, and for models nested 51 deep.

    Source: Keras 2.2.4 `Model`.

    >>> from convdispatch.layers import Conv1D, Input
    >>> x = Input((8, 1))
    >>> shared = Conv1D(4, 3, padding="same")
    >>> model = Model(x, [shared(x), Conv1D(2, 3)(x)])
    >>> model.output_shape
    [(None, 8, 4), (None, 6, 2)]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        self.input_structure, self.output_structure = numbered(inputs), numbered(outputs)
        given, wanted = symbols(leaves(inputs), "inputs"), symbols(leaves(outputs), "outputs")
        require_inputs(given)
        self._lock = Lock()
        self.name = name  # type: ignore[assignment] # None becomes a name in __setattr__
        keeps_one = self.dialect.keeps_lists_of_one or self.output_structure is not None
        gives_list = not isinstance(outputs, Symbol) and (len(wanted) > 1 or keeps_one)
        self._graph = traced(given, wanted, gives_list=gives_list)
        self._made_of = given, wanted
        self._calls = []
        self._input_names = tuple(symbol.call.layer.name for symbol in given)
        self._members = layers_in_keras_order(given, wanted)
        self._depth = depth_of(self._members)
        require_names(self._members)
        self._settle()
        for layer in self._layers:
            if not layer.is_input:
                layer.bind(self.backend)
                layer.stay()

    def _settle(self) -> None:
        """Note what the graph is made of: it stays so, whatever becomes of a nested model."""
        self._flat = with_masks(self._graph.flattened())
        require_supported(self._flat, refuses=self.dialect.refuses_masks)
        self._types = self._flat.input_dtypes()
        self._own_chains = chains(self._members)
        self._layers = [chain[-1] for chain in self._own_chains]
        object.__setattr__(self, "backend", common_backend(self._layers))
        self._be_known()

    @property
    def layers(self) -> list[Any]:
        """The layers and models that are called, and those of the inputs, in Keras's order."""
        return list(self._members)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs' layers, in the order in which the model takes them."""
        return list(self._input_names)

    def graph(self) -> Graph:
        """Return the calls of layers that the model is made of."""
        return self._graph

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Return the layer of that name, or else at that place in `layers`."""
        return member_of(self.name, self.layers, name, index)

    def build(self, input_shape: Any = None) -> None:
        """Do nothing: the layers were built when they were called with symbols."""

    @property
    def _nests(self) -> bool:
        return len(self._members) != len(self._layers)

    # Shapes.

    @property
    def input_shape(self) -> Any:
        """The shape of the input, batch axis included; a list of several ones'."""
        shapes = [spec.shape for spec in self._graph.inputs]
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def output_shape(self) -> Any:
        """The shape of the output for `input_shape`; a list where the model returns one."""
        return self._output_shapes(self._graph.inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape for an input's, or both as lists; batch axis included."""
        several = len(self._graph.inputs) > 1
        given = list(input_shape) if several else [input_shape]
        self._require_as_many(given, "`input_shape`")
        specs = [
            Spec(tuple(shape), spec.dtype)
            for shape, spec in zip(given, self._graph.inputs, strict=True)
        ]
        return self._output_shapes(specs)

    def _output_shapes(self, specs: Sequence[Spec]) -> Any:
        shapes = [spec.shape for spec in self._output_specs(specs)]
        return shapes if self._graph.gives_list else shapes[0]

    def _output_specs(self, specs: Sequence[Spec]) -> list[Spec]:
        return self._flat.run(_output_specs, specs)

    # Computing.

    @overload
    def __call__(self, inputs: ArrayInput) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor) -> SomeTensor: ...
    def __call__(self, inputs: Any) -> Any:
        """Apply the model to tensors of its backend, to NumPy arrays or to symbols."""
        inputs = self._inputs_in_row(inputs)
        symbols = symbols_in(inputs)
        if symbols is not None:
            return self._called_with(symbols, takes_list=not isinstance(inputs, Symbol))
        tensors = self._inputs_of(inputs)
        noted = [layer._variables for layer in self._layers]
        outputs = compute(self._flat, apply_layer, tensors)
        current = [layer._variables for layer in self._layers]
        if any(a is not b for a, b in zip(noted, current, strict=True)):
            with self._alone():  # they were set meanwhile: some layers had the old ones
                outputs = compute(self._flat, apply_layer, tensors)
        return self.in_structure(outputs) if self._graph.gives_list else outputs[0]

    def _called_with(self, symbols: Sequence[Symbol], *, takes_list: bool) -> Any:
        self._require_as_many(symbols, "`inputs`")
        for symbol, name, spec in zip(symbols, self._input_names, self._graph.inputs, strict=True):
            require_shape(symbol.shape, spec, name, self.name)
        outputs = self._output_specs([symbol.spec for symbol in symbols])
        call = Call(
            self, symbols, outputs, takes_list=takes_list, gives_list=self._graph.gives_list
        )
        return self.in_structure(call.result)

    def compile_forward(self, *, optimize: bool = False) -> CompiledForward:
        """Return a function of the inputs, as `Sequential.compile_forward` does."""
        return CompiledForward(
            self._layers,
            self.backend,
            optimize=as_bool(optimize, "optimize"),
            graph=self._flat,
            inputs_of=self._inputs_of,
        )

    @property
    def _gives_list(self) -> bool:
        return self._graph.gives_list

    def _predict(self, batch: Any) -> Any:
        # A compiler that takes its time is not worth waiting for here.
        return super()._predict(batch) if len(self._input_names) == 1 else self.in_row(self(batch))

    def _chains(self) -> list[tuple[Any, ...]]:
        return self._own_chains

    def _flat_graph(self) -> Graph:
        return self._flat

    def follow(self) -> None:
        """Let the layers state the shapes that they get now, after an argument has changed.

        Where one cannot take what it gets, they stay as they are, and the next call says so.
        """
        first: dict[int, Any] = {}

        def call(place: int, layer: Layer, specs: Any) -> Any:
            first.setdefault(id(layer), shapes_of(specs))
            return layer.output_specs(specs)

        with self._lock.held():
            self._flat = with_masks(self._flat)
            try:
                self._flat.run(call, self._graph.inputs)
            except InvalidShape:
                return
            for layer in self._layers:
                if id(layer) in first:
                    layer._built_shape = first[id(layer)]
            self._restate()

    # Configuration.

    def get_config(self) -> dict[str, Any]:
        """Return the name, the layers' configurations and their calls as JSON types."""
        require_told_apart(self._members)
        calls = self._in_structures(calls_of(self._graph, self._input_names))
        nodes = calls.pop("inbound_nodes")
        layers = [
            {**self._entry_of(member), "name": member.name, "inbound_nodes": nodes[member.name]}
            for member in self._members
        ]
        return {"name": self.name, "layers": layers, **calls}

    def _entry_of(self, member: Any) -> dict[str, Any]:
        """Return the configuration's entry of a layer or of a nested model."""
        if isinstance(member, Layer):
            return layer_entry(member)
        return {"class_name": member.class_name, "config": member.get_config()}

    def to_json(self, **json_options: Any) -> str:
        """Return the architecture, without weights, as JSON for `model_from_json`."""
        return as_json("Model", self.get_config(), **json_options)

    def to(self, backend: str, *, dtype: str | None = None, device: str | None = None) -> Self:
        """Return the same model with the same weights on another backend.

        `dtype` asks for weights of another element type as well, `device` for one of the backend's
        devices: there the copy computes, and there its inputs go.
        """
        memo: dict[int, Any] = {}
        wanted = None if dtype is None else layer_options.layer_dtype({"dtype": dtype})
        with self._alone():
            return self._moved(memo, selection.resolve_backend(backend, device), wanted)

    def _moved(self, memo: dict[int, Any], backend: str, dtype: str | None) -> Self:
        """Return the model of copies; `memo` has those of layers that are in several models."""
        copies = {id(one): moved(one, memo, backend, dtype) for one in self._members}
        twin = object.__new__(type(self))
        vars(twin).update({k: v for k, v in vars(self).items() if k not in NOT_COPIED})
        inputs = self._graph.inputs  # those of integers stay so
        specs = [
            replace(s, dtype=dtype) if dtype and s.dtype in FLOAT_DTYPES else s for s in inputs
        ]
        nodes = [replace(node, layer=copies[id(node.layer)]) for node in self._graph.nodes]
        twin._graph = replace(self._graph, inputs=tuple(specs), nodes=tuple(nodes))
        twin._members = [copies[id(one)] for one in self._members]
        twin._lock, twin._calls = Lock(), []
        twin._settle()
        return twin

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        names = ", ".join(layer.name for layer in self.layers)
        return f"<{self.kind_shown} {self.name!r} on {self.backend!r}: {names}>"


def _output_specs(place: int, layer: Layer, specs: Any) -> Any:
    return layer.output_specs(specs)
