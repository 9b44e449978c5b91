"""A whole model's forward pass, compiled by the compiler of its backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, overload

import numpy as np

from convdispatch.engine.graph import Graph, chain
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import compute, with_masks
from convdispatch.engine.plans import MAX_PLANS, Function, Key, revisions_of
from convdispatch.engine.specs import Spec
from convdispatch.engine.whole import held
from convdispatch.errors import InvalidShape
from convdispatch.models._carrying import Carrying
from convdispatch.models._members import require_shape
from convdispatch.ops import FLOAT_DTYPES, Backend
from convdispatch.runtime.registry import registry
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class CompiledForward:
    """A model's forward pass, compiled: a function of an input."""

    autograph_info__: ClassVar[Mapping[str, object]] = {}  # as in `Layer`

    def __init__(
        self,
        layers: list[Layer],
        backend: str,
        *,
        optimize: bool,
        graph: Graph | None = None,
        inputs_of: Callable[[Any], list[Any]] | None = None,
    ) -> None:
        self._graph = graph  # None: the layers one after the other
        self._takes_list = graph is not None and len(graph.inputs) > 1
        self._inputs_of = inputs_of  # beside a graph: what checks and converts its inputs
        self._layers = layers  # the model's own list, to which it adds
        self._backend = registry.load(backend)
        self._optimize = optimize
        self._compiled = self._compile()

    @overload
    def __call__(self, inputs: ArrayInput) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor) -> SomeTensor: ...
    def __call__(self, inputs: Any) -> Any:
        """Return the model's output as a tensor of its backend, without gradients.

        Raises `InvalidShape` where all layers have been taken from the model.
        """
        compiled = self._compiled
        if not compiled.is_of(self._layers):
            compiled = self._current()
        if self._takes_list or not self._backend.owns(inputs):
            inputs = self._prepared(compiled, inputs)
        outputs = compiled.function(compiled.variables, inputs)
        if not compiled.has_its_weights():
            # Another thread has set them meanwhile, so these may be a mixture of old and new.
            with held(list(self._layers)):
                compiled = self._current()
                outputs = compiled.function(compiled.variables, inputs)
        return outputs

    def _prepared(self, compiled: _Compiled, inputs: Any) -> Any:
        """Return what the compiled function takes for inputs that are not a native tensor."""
        if self._inputs_of is not None:
            tensors = self._inputs_of(inputs)
            return tensors if len(tensors) > 1 else tensors[0]
        if getattr(compiled.function, "takes_arrays", False) and type(inputs) is np.ndarray:
            dtype = inputs.dtype
            if dtype.isnative and dtype.name in FLOAT_DTYPES:
                return inputs
        return self._layers[0]._as_native(self._backend, inputs)

    def _current(self) -> _Compiled:
        """Return the function of the layers as they are, with their variables."""
        compiled = self._compiled
        layers = list(self._layers)
        if compiled.computes_as(layers):
            revisions = [revision for _, revision, _ in compiled.noted]
            compiled = replace(compiled, **_noted(layers, revisions))
        else:
            compiled = self._compile()
        # In one assignment, so that another thread gets the old function with the old layers, or
        # this.
        self._compiled = compiled
        return compiled

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what copies and pickles hold: nothing compiled, which is made again."""
        options = (self._optimize, self._graph, self._inputs_of)
        return _recompiled, (self._layers, self._backend.name, *options)

    @property
    def is_refused(self) -> bool:
        """Return whether the backend's compiler has failed on the model as it is now."""
        return self._compiled.is_refused and self._compiled.computes_as(self._layers)

    @is_refused.setter
    def is_refused(self, value: bool) -> None:
        self._compiled.is_refused = value

    def _compile(self) -> _Compiled:
        layers = list(self._layers)
        if not layers:
            raise InvalidShape("the model has no layers to apply.")
        # Before compiling: a layer that changes meanwhile is seen to be another one.
        revisions = revisions_of(layers)
        function = _compile(self._backend, layers, self._graph, optimize=self._optimize)
        return _Compiled(layers=layers, function=function, **_noted(layers, revisions))


@dataclass(slots=True, kw_only=True)
class _Compiled:
    """A function of (variables, inputs), and the state of the layers that it computes."""

    layers: list[Layer]
    # Each layer's revision, which rises with a change of the layer, and the list of its variables,
    # which a write replaces.
    noted: Sequence[tuple[Layer, int, object]]
    variables: Sequence[Any]  # of all layers
    function: Callable[..., Any]
    is_refused: bool = False

    def is_of(self, layers: list[Layer]) -> bool:
        """Return whether these are still the layers and their variables."""
        if layers != self.layers:
            return False
        for layer, revision, variables in self.noted:
            if layer._plans.revision != revision or layer._variables is not variables:
                return False
        return True

    def computes_as(self, layers: list[Layer]) -> bool:
        """Return whether these are still the layers, whatever their weights."""
        return revisions_of(layers) == [revision for _, revision, _ in self.noted]

    def has_its_weights(self) -> bool:
        """Return whether the layers' weights are those of the recorded variables."""
        for layer, _, variables in self.noted:  # noqa: SIM110 - twice as fast
            if layer._variables is not variables:
                return False
        return True


def _noted(layers: Sequence[Layer], revisions: Sequence[int]) -> dict[str, Any]:
    """Return the variables at a moment when no thread writes them, with these revisions."""
    with held(layers):
        lists = [layer._variables for layer in layers]
    return {
        "noted": list(zip(layers, revisions, lists, strict=True)),
        "variables": [variable for own in lists for variable in own],
    }


def _recompiled(
    layers: list[Layer], backend: str, optimize: bool, graph: Graph | None, inputs_of: Any
) -> CompiledForward:
    return CompiledForward(layers, backend, optimize=optimize, graph=graph, inputs_of=inputs_of)


def _compile(
    backend: Backend, layers: Sequence[Layer], graph: Graph | None, *, optimize: bool
) -> Callable[..., Any]:
    """Return the function of (variables, inputs), compiled."""
    if any(layer.carries_state for layer in layers):
        stack = graph or chain(layers, Spec((None,), ""))
        return Carrying(backend, layers, with_masks(stack))
    forward = forward_of(backend, layers, graph)
    if graph is not None and len(graph.inputs) > 1:
        return backend.compile(forward)
    # A backend has its own if its `compile` takes seconds or its variables are best captured.
    without_gradients = getattr(backend, "compile_inference", None)
    if without_gradients is None:
        return backend.compile(forward)
    compiled: Callable[..., Any] = without_gradients(
        backend.compile(forward) if optimize else forward
    )
    return compiled


def forward_of(
    backend: Backend, layers: Sequence[Layer], graph: Graph | None
) -> Callable[..., Any]:
    """Return the pure function of the graph, or of the layers one after the other."""
    if graph is not None:
        return _run(backend, layers, with_masks(graph), graph.inputs)
    stack = with_masks(chain(layers, Spec((None,), "")))
    return _run(backend, layers, stack, ()) if stack.masked else _chained(backend, layers)


def _chained(backend: Backend, layers: Sequence[Layer]) -> Callable[..., Any]:
    """Return the pure function that runs the layers' plans one after the other.

    Outside a trace, the plans for a shape are looked up once for all layers.
    """
    spans = _spans(layers)
    chains: dict[Key, list[tuple[Function, slice]]] = {}

    def forward(variables: Sequence[Any], inputs: Any) -> Any:
        shape, dtype = backend.describe(inputs)
        key = shape[1:], dtype
        chain = chains.get(key)
        if chain is not None:
            for function, own in chain:
                inputs = function(variables[own], inputs)
            return inputs
        found = []
        for layer, own in zip(layers, spans, strict=True):
            function = layer.plan_for(inputs).function
            inputs = function(variables[own], inputs)
            found.append((function, own))
        while len(chains) >= MAX_PLANS:  # the oldest, which would keep its plans
            chains.pop(next(iter(chains)), None)
        chains[key] = found
        return inputs

    return forward


def _run(
    backend: Backend, layers: Sequence[Layer], graph: Graph, made_for: Sequence[Spec]
) -> Callable[..., Any]:
    """Return the pure function that runs the plans of the graph's nodes."""
    own = {id(layer): span for layer, span in zip(layers, _spans(layers), strict=True)}
    is_single = len(graph.inputs) == 1

    def forward(variables: Sequence[Any], inputs: Any) -> Any:
        def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            return layer.plan_for(x).function(variables[own[id(layer)]], x, *mask)

        if is_single and made_for:
            require_shape(backend.describe(inputs)[0], made_for[0], "", "")
        outputs = compute(graph, call, [inputs] if is_single else inputs)
        return outputs if graph.gives_list else outputs[0]

    return forward


def _spans(layers: Sequence[Layer]) -> list[slice]:
    """Return the positions of each layer's variables among those of all layers."""
    spans = []
    start = 0
    for layer in layers:
        stop = start + len(layer.declared_weights)
        spans.append(slice(start, stop))
        start = stop
    return spans
