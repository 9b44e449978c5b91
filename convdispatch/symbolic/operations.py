"""A function of tensors: on native ones it computes, on symbolic ones it makes a node of the graph.

The node is an `Operation`: a layer without weights that calls the very same function.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from convdispatch.engine import scopes
from convdispatch.engine.list_layer import ListLayer
from convdispatch.engine.plans import Plan
from convdispatch.engine.resolved import Effects
from convdispatch.engine.scopes import Scope
from convdispatch.engine.specs import Specs, listed
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.formulas import random
from convdispatch.layers._scoped_function import DRAWS
from convdispatch.ops import FLOAT_DTYPES
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.symbolic.computing import Sizes, backend_among, computing_with
from convdispatch.symbolic.running import abstract_of, spec_of, value_in
from convdispatch.symbolic.shapes import SHAPES, Shaped
from convdispatch.symbolic.sizes import Unknown
from convdispatch.symbolic.trees import Slot, leaves, mapped


class Operated(Protocol):
    """A function of tensors of any kind."""

    __name__: str
    computes: Callable[..., Any]  # with `o`, the functions of a backend

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return what it makes of native tensors, or a symbol."""


def operation(function: Callable[..., Any]) -> Operated:
    """Return a function of tensors of any kind; its first parameter, `o`, is left out.

    It gets the functions of the tensors' backend as `o`.
    """
    signature = inspect.signature(function)
    shown = signature.replace(parameters=list(signature.parameters.values())[1:])

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        return dispatched(call, arguments, keywords)

    call.__signature__ = shown  # type: ignore[attr-defined] # what `inspect` looks for
    call.computes = function  # type: ignore[attr-defined] # with `o`
    return call  # type: ignore[return-value] # it has both


def dispatched(function: Any, arguments: Any, keywords: Any) -> Any:
    """Return what a function makes of its arguments: native tensors, or symbols."""
    scope = scopes.current()
    if scope is not None:
        scope.uses.add("symbols")  # or may: the function is one that takes them
        values: Any = mapped([arguments, keywords], lambda one: value_in(one, scope))
        return function.computes(computing_with(scope.backend), *values[0], **values[1])
    symbols, template = _split(arguments, keywords)
    if symbols:
        return recorded(function, symbols, template)
    backend = backend_among(leaves([arguments, keywords]))
    return function.computes(computing_with(backend), *arguments, **keywords)


def _split(arguments: Any, keywords: Any) -> tuple[list[Symbol], Any]:
    """Return the symbols among arguments, and the arguments with slots in their places."""
    symbols: list[Symbol] = []

    def slot(one: Any) -> Any:
        if isinstance(one, Symbol):
            symbols.append(one)
            return Slot(len(symbols) - 1)
        if isinstance(one, np.ndarray) and one.dtype.name in FLOAT_DTYPES:
            return one.astype(selection.floatx())  # as a constant of Keras's
        return one

    return symbols, mapped([arguments, keywords], slot)


def source(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Return a symbol of what a function makes of no tensor, or of sizes: random numbers."""
    if scopes.current() is not None:
        return dispatched(function, arguments, keywords)
    return recorded(function, *_split(arguments, keywords))


def recorded(function: Any, symbols: Sequence[Symbol], template: Any) -> Any:
    """Return the symbols of a node that calls the function."""
    layer = Operation(function, template)
    found, structure = layer.traced([abstract_of(symbol) for symbol in symbols])
    call = Call(
        layer, symbols, [spec_of(one) for one in found], takes_list=True, gives_list=len(found) != 1
    )
    layer.abstract = found
    layer.settle(symbols)
    return mapped(structure, lambda one: call.outputs[one.number] if type(one) is Slot else one)


class Operation(ListLayer):
    """One call of a function of tensors, as a layer without weights."""

    takes_one = False
    supports_masking = True  # it is given none, and its result has none
    abstract: Sequence[Any] = ()
    _function_name = "operation"

    def __init__(self, function: Any, template: Any, **options: Any) -> None:
        name = str(getattr(function, "__name__", "function")).strip("_")
        vars(self)["_function_name"] = name
        super().__init__(**options)
        self._function, self._template = function, template
        self._uses: set[str] = set()
        self._key: Any = None
        self._is_made = self._is_settled = True

    def _stem(self) -> str:  # type: ignore[override] # each is named by its function
        return self._function_name

    @property
    def built(self) -> bool:
        """An operation has nothing to build."""
        return True

    def build(self, input_shape: Any) -> None:
        """Do nothing: there are no weights."""
        self._built_shape = input_shape

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return that the output has no mask."""
        return False

    def get_config(self) -> dict[str, Any]:
        """Return the name of the function, and its other arguments as text."""
        return {"name": self.name, "function": self._function_name, "dtype": self.dtype}

    # Shapes.

    def settle(self, symbols: Sequence[Symbol]) -> None:
        """Note the shapes of the inputs; a function that draws gets a count of its computations."""
        self._built_shape = [symbol.shape for symbol in symbols]
        if self.draws:
            backend = self._backend()
            self._key = random.training_key()
            self._declarations = (DRAWS,)
            self._variables = [backend.variable(np.zeros((), "float32"), "float32")]

    @property
    def output_shape(self) -> Any:
        """The shape of the output; a list where there are several."""
        shapes = [symbol.shape for symbol in self._calls[0].outputs]
        return shapes if len(shapes) != 1 else shapes[0]

    def traced(self, abstract: Sequence[Any]) -> tuple[list[Any], Any]:
        """Return what comes out for tensors without numbers, and the structure that it has."""
        scope = Scope(SHAPES, owner=self)
        with scopes.entered(scope):
            result = self._called(computing_with(SHAPES), abstract)
        self._uses |= scope.uses
        found: list[Any] = []

        def slot(one: Any) -> Any:
            if one is None:
                return None
            found.append(one)
            return Slot(len(found) - 1)

        return found, mapped(result, slot)

    def output_specs(self, specs: Specs) -> Any:
        """Return the spec of the output; a list where there are several."""
        if not listed(specs) or (self.abstract and len(listed(specs)) != len(self.inputs_given)):
            made = [spec_of(one) for one in self.abstract]
            return made if len(made) != 1 else made[0]
        abstract = [
            given
            if isinstance(given, Sizes | Unknown | int | float)
            else Shaped(one.shape, one.dtype)
            for one, given in zip(listed(specs), self.inputs_given, strict=True)
        ]
        made = [spec_of(one) for one in self.traced(abstract)[0]]
        return made if len(made) != 1 else made[0]

    @property
    def inputs_given(self) -> list[Any]:
        """What the inputs were, to functions that compute shapes."""
        return [abstract_of(symbol) for symbol in self._calls[0].inputs] if self._calls else []

    # Computing.

    def _called(self, o: Any, values: Sequence[Any]) -> Any:
        arguments, keywords = mapped(
            self._template, lambda one: values[one.number] if type(one) is Slot else one
        )
        return self._function.computes(o, *arguments, **keywords)

    def computed_in(self, scope: Scope, values: Sequence[Any]) -> Any:
        """Return the output for native values, computed within a scope."""
        o = computing_with(scope.backend)
        if scopes.current() is scope:
            result = self._called(o, values)
        else:
            with scopes.entered(scope):
                result = self._called(o, values)
        found = [one for one in leaves(result) if one is not None]
        return found if len(found) != 1 else found[0]

    def __call__(self, inputs: Any, mask: Any = None) -> Any:
        """Compute with native tensors."""
        return self.computed_in(self._scope(is_training=False, key=None), inputs)

    def _scope(self, *, is_training: bool, key: Any) -> Scope:
        backend = registry.load(self.backend)
        scope = Scope(backend, is_training=is_training, key=key, owner=self)
        return scope.within(scopes.current())

    def plan_for(self, inputs: Any) -> Plan:
        """Return the function for results as a plan."""

        def forward(weights: Any, values: Any, *mask: Any) -> Any:
            scope = self._scope(is_training=False, key=self._folded(weights))
            return self.computed_in(scope, values)

        return Plan(
            layer=self.name,
            backend=self.backend,
            input_shape=(),
            dtype=self.dtype,
            ops=(),
            computed_by=(),
            function=forward,
        )

    def training_for(self, inputs: Any) -> Any:
        """Return the function for training."""

        def training(weights: Any, values: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            scope = self._scope(is_training=True, key=key)
            return self.computed_in(scope, values), Effects()

        return training

    def inference_for(self, inputs: Any) -> Any:
        """Return the function for results, with the new count of draws as its effect."""
        forward = self.plan_for(inputs).function

        def inference(weights: Any, values: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            updates = {"draws": weights[-1] + 1} if self.draws else {}
            return forward(weights, values), Effects(updates=updates)

        return inference

    def _folded(self, weights: Any) -> Any:
        """Return the key of this computation, None where nothing is drawn."""
        if not self.draws or not weights:
            return None
        backend = self._backend()
        seed: Any = backend.asarray(self._key, "int32")
        fold: Any = random.Draws(backend)["fold"]
        return fold(seed, backend.cast(weights[-1], "int32"))

    def apply(self, weights: Any, inputs: Any, *mask: Any) -> Any:
        """Compute with native tensors."""
        return self.plan_for(inputs).function(weights, inputs)

    def apply_training(self, weights: Any, inputs: Any, key: Any, *mask: Any) -> Any:
        """Compute with native tensors as in training."""
        return self.training_for(inputs)(weights, inputs, key)

    def apply_inference(self, weights: Any, inputs: Any, *mask: Any) -> Any:
        """Compute with native tensors; there are no effects."""
        return self.inference_for(inputs)(weights, inputs, None)

    @property
    def carries_state(self) -> bool:
        """Whether a call counts: one that draws random numbers."""
        return self.draws and bool(self._variables)

    def reset_states(self) -> None:
        """Do nothing: the count of draws goes on."""

    @property
    def draws(self) -> bool:
        """Whether the function draws random numbers."""
        return "random" in self._uses
