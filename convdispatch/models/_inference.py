"""Forward passes for their results alone: the whole model compiled, and `predict` over batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convdispatch import selection
from convdispatch._elsewhere import missing_attribute
from convdispatch._warnings import warn
from convdispatch.errors import ConvDispatchError, InvalidShape
from convdispatch.layers import Layer
from convdispatch.layers._arguments import as_bool, as_int
from convdispatch.layers._plans import MAX_PLANS, Function, Key, Plan
from convdispatch.layers._tensors import as_native
from convdispatch.layers._whole import are_same, held
from convdispatch.models._flat_weights import StackedWeights
from convdispatch.models._progress import progress
from convdispatch.ops import Backend, NumpyArray, PartialShape
from convdispatch.registry import registry


class Predicting(StackedWeights):
    """What a stack of layers does that is not being trained."""

    backend: str
    _predictor: CompiledForward | None = None

    def __call__(self, inputs: Any) -> Any:
        """Apply the layers."""
        raise NotImplementedError

    def compile_forward(self, *, optimize: bool = False) -> CompiledForward:
        """Return a function of an input that runs the model compiled by its backend's compiler.

        What compiles quickly is used (`jax.jit`, `tf.function`, torch's inference mode) and, with
        `optimize=True`, what takes its time (`torch.compile`, too). No gradients flow through the
        result. The weights are those that the model has when it is called; a model that is changed
        is compiled again, as it is for a new shape where the compiler wants to know it. Raises
        `InvalidShape` while the model's input shape is unknown.
        """
        self.ensure_built("compile_forward")
        return CompiledForward(self._layers, self.backend, optimize=as_bool(optimize, "optimize"))

    def plans(self) -> tuple[Plan, ...]:
        """Return what the layers have prepared so far, layer by layer.

        >>> from convdispatch import Sequential, layers
        >>> model = Sequential([layers.Conv1D(2, 3, input_shape=(8, 1), name="c")], backend="numpy")
        >>> print(*model.plans())
        c: (8, 1) float32 on numpy: conv1d
        """
        return tuple(plan for layer in self._layers for plan in layer.plans())

    def predict(
        self, x: Any, batch_size: int | None = 32, verbose: bool | int | str = "auto"
    ) -> NumpyArray:
        """Return the outputs for `x` as one NumPy array, computed `batch_size` items at a time.

        The model is compiled as by `compile_forward`; one that holds what its backend cannot
        compile, such as an activation in plain NumPy, is run layer by layer, with a warning.
        `verbose` 'auto' shows a progress bar on a terminal once the work takes over a second, 1
        shows it always, 0 never. All items get the same weights: where another thread sets new
        ones or adds a layer meanwhile, the work starts again, and that thread waits for its end.
        """
        size = 32 if batch_size is None else as_int(batch_size, "batch_size")
        native, shape, _ = self._native(x)
        starts = range(0, max(shape[0] or 0, 1), size) if shape else range(1)

        if shape and not self.built:
            self._build_for(native)

        def predicted(start: int) -> NumpyArray:
            batch = native[start : start + size] if shape else native
            return selection.to_numpy(self._predict(batch))

        outputs = self._whole(predicted, starts, verbose)
        return np.concatenate(outputs)  # a copy, also of one: some backends' arrays are read-only

    def _whole(
        self, predicted: Callable[[int], NumpyArray], starts: range, verbose: Any
    ) -> list[NumpyArray]:
        """Return the outputs of all batches by one state of the model."""
        noted = self._state()
        outputs: list[NumpyArray] = []
        for start in progress(starts, verbose=verbose):
            outputs.append(predicted(start))
            if not are_same(self._state(), noted):
                break
        else:
            return outputs
        with self._alone():
            return [predicted(start) for start in progress(starts, verbose=verbose)]

    def _state(self) -> list[object]:
        """Return what is another object once the layers, or what is in them, change."""
        layers = list(self._layers)
        return [*(layer._plans for layer in layers), *(layer._variables for layer in layers)]

    def _predict(self, batch: Any) -> Any:
        """Return the outputs of one batch, compiled if they can be."""
        if not self.built:
            return self(batch)  # which builds the model, or complains of the shape
        if self._predictor is None:
            self._predictor = self.compile_forward()
        if self._predictor.is_refused:
            return self(batch)
        try:
            return self._predictor(batch)
        except ConvDispatchError:
            raise
        except Exception as exc:  # noqa: BLE001 - compilers raise whatever they like
            outputs = self(batch)  # or it raises what is wrong with the model, not with compiling
            self._predictor.is_refused = True
            warn(
                f"{self.name!r} could not be compiled, so `predict` runs it layer by layer, which "
                f"is slower. The compiler of {self.backend!r} said: {_first_line(exc)}"
            )
            return outputs

    def _native(self, inputs: Any) -> tuple[Any, PartialShape, str]:
        """Return the inputs as a tensor of the model's backend, with its shape and type."""
        if not self._layers:
            raise InvalidShape(f"{self.name!r} has no layers to apply.")
        backend = registry.load(self.backend)
        native = as_native(backend, inputs, self._layers[0].dtype)
        return native, *backend.describe(native)

    def _build_for(self, inputs: Any) -> None:
        """Build the layers for a tensor or an array; where it does not fit, none is built."""
        native, shape, _ = self._native(inputs)
        self._layers[0].plan_for(native)  # or it complains of the element type or the shape
        self.build((None, *shape[1:]))

    if not TYPE_CHECKING:  # type checkers know what there is

        def __getattr__(self, name: str) -> Any:
            """Say of what Keras's models have, and these have not, what to do instead."""
            raise AttributeError(missing_attribute(type(self).__name__, name), name=name, obj=self)


class CompiledForward:
    """A model's forward pass, compiled: a function of an input."""

    def __init__(self, layers: list[Layer], backend: str, *, optimize: bool) -> None:
        self._layers = layers  # the model's own list, to which it adds
        self._backend = registry.load(backend)
        self._optimize = optimize
        self._compiled = self._compile()

    def __call__(self, inputs: Any) -> Any:
        """Return the model's output as a tensor of its backend, without gradients.

        Raises `InvalidShape` where all layers have been taken from the model.
        """
        compiled = self._compiled
        if not compiled.is_of(self._layers):
            compiled = self._current()
        if not self._backend.owns(inputs):
            inputs = as_native(self._backend, inputs, self._layers[0].dtype)
        outputs = compiled.function(compiled.variables, inputs)
        if not compiled.has_weights_of(self._layers):
            # They were set meanwhile, so that these may be half of the old and half of the new.
            with held(list(self._layers)):
                compiled = self._current()
                outputs = compiled.function(compiled.variables, inputs)
        return outputs

    def _current(self) -> _Compiled:
        """Return the function of the layers as they are, with their variables."""
        compiled = self._compiled
        layers = list(self._layers)
        if compiled.computes_as(layers):
            compiled = replace(compiled, **_weights_of(layers))
        else:
            compiled = self._compile()
        # At once and whole: another thread gets the old function with the old layers or this.
        self._compiled = compiled
        return compiled

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what copies and pickles hold: nothing compiled, which is made again."""
        return _recompiled, (self._layers, self._backend.name, self._optimize)

    @property
    def is_refused(self) -> bool:
        """Whether the backend's compiler was seen to fail on the model as it is now."""
        return self._compiled.is_refused and self._compiled.computes_as(self._layers)

    @is_refused.setter
    def is_refused(self, value: bool) -> None:
        self._compiled.is_refused = value

    def _compile(self) -> _Compiled:
        layers = list(self._layers)
        if not layers:
            raise InvalidShape("the model has no layers to apply.")
        # Before compiling: a layer that changes meanwhile is seen to be another one.
        revisions = [layer._plans for layer in layers]
        function = _compile(self._backend, layers, optimize=self._optimize)
        return _Compiled(revisions=revisions, function=function, **_weights_of(layers))


@dataclass(slots=True, kw_only=True)
class _Compiled:
    """A function of (variables, inputs), and which layers as they were it computes."""

    revisions: Sequence[object]  # of each layer its table of plans, which a change replaces
    lists: Sequence[object]  # of each layer the list of its variables, which a write replaces
    variables: Sequence[Any]  # of all layers
    function: Callable[..., Any]
    is_refused: bool = False

    def is_of(self, layers: Sequence[Layer]) -> bool:
        """Whether these still are the layers, and the variables theirs."""
        if len(layers) != len(self.revisions):
            return False
        for layer, revision, own in zip(layers, self.revisions, self.lists, strict=False):
            if layer._plans is not revision or layer._variables is not own:
                return False
        return True

    def computes_as(self, layers: Sequence[Layer]) -> bool:
        """Whether these still are the layers, whatever their weights."""
        return are_same([layer._plans for layer in layers], self.revisions)

    def has_weights_of(self, layers: Sequence[Layer]) -> bool:
        """Whether nobody has written the layers' weights since the variables were noted."""
        for layer, own in zip(layers, self.lists, strict=False):  # noqa: SIM110 - twice as fast
            if layer._variables is not own:
                return False
        return True


def _weights_of(layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the variables at a time when nobody writes them."""
    with held(layers):
        lists = [layer._variables for layer in layers]
    return {"lists": lists, "variables": [variable for own in lists for variable in own]}


def _recompiled(layers: list[Layer], backend: str, optimize: bool) -> CompiledForward:
    return CompiledForward(layers, backend, optimize=optimize)


def _compile(backend: Backend, layers: Sequence[Layer], *, optimize: bool) -> Callable[..., Any]:
    """Return the function of (variables, inputs), compiled."""
    forward = _chained(backend, layers)
    # A backend whose `compile` takes seconds, or whose variables are best captured, has its own.
    without_gradients = getattr(backend, "compile_inference", None)
    if without_gradients is None:
        return backend.compile(forward)
    compiled: Callable[..., Any] = without_gradients(
        backend.compile(forward) if optimize else forward
    )
    return compiled


def _first_line(exc: Exception) -> str:
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return f"{type(exc).__name__}: {lines[0]}" if lines else type(exc).__name__


def _chained(backend: Backend, layers: Sequence[Layer]) -> Callable[..., Any]:
    """Return the pure function that runs the layers' plans one after the other.

    Where nothing is traced, the plans for a shape are looked up once for all layers.
    """
    spans = []
    start = 0
    for layer in layers:
        stop = start + len(layer.declared_weights)
        spans.append(slice(start, stop))
        start = stop
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
        if len(chains) < MAX_PLANS:
            chains[key] = found
        return inputs

    return forward
