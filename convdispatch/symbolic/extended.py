"""Layers of this package around which scripts put a `call` of their own.

Such a class extends Conv2D or BatchNormalization, say, and computes with its weights, or calls the
`call` that it overrides. It runs once on symbols, as that of a layer of the script's own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from convdispatch.engine import scopes
from convdispatch.engine.layer import Layer
from convdispatch.engine.layer_options import is_of_this_package
from convdispatch.engine.resolved import Effects, Resolved
from convdispatch.engine.scopes import Scope
from convdispatch.engine.specs import Spec, listed
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.runtime import selection
from convdispatch.runtime.tuning import outside_trace
from convdispatch.symbolic.control import is_phase
from convdispatch.symbolic.operations import Operation
from convdispatch.symbolic.running import run
from convdispatch.symbolic.tracing import given_symbol, traced_call

Resolve = Callable[[Any, Any], Resolved]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What a layer's weights and its inherited `call` are while a script's `call` runs."""

    layer: Any
    inherited: Resolve
    weights: dict[str, Symbol] = field(default_factory=dict)

    def applied(self, inputs: Any, training: Any) -> Any:
        """Return what the layer without the script's `call` makes of symbols."""
        several = isinstance(inputs, list | tuple)
        symbols = list(inputs) if several else [inputs]
        specs: Any = [one.spec for one in symbols] if several else inputs.spec
        with scopes.entered(None):
            base = self.inherited(self.layer, specs)
        stated = None if training is None or is_phase(training) else bool(training)
        node = Applied(self.layer, base, len(symbols) if several else 0, stated)
        shapes = base.output_shape
        is_list = isinstance(shapes, list)
        dtype = base.output_dtype or listed(specs)[0].dtype
        batch = listed(specs)[0].shape[:1]
        made = [Spec((*batch, *s[1:]), dtype) for s in (shapes if is_list else [shapes])]
        read = [*symbols, *self.weights.values()]
        return Call(node, read, made, takes_list=True, gives_list=is_list).result


class Applied(Operation):
    """The computation of a layer of this package, of inputs and of its weights."""

    def __init__(self, layer: Any, base: Resolved, several: int, training: bool | None) -> None:
        super().__init__(layer.call, [(), {}], backend=layer.backend)
        self._layer, self._base, self._several = layer, base, several
        self._stated = training
        self._made: dict[Any, Any] = {}
        if type(layer).draws.fget(layer):
            self._uses.add("random")

    def output_specs(self, specs: Any) -> Any:
        """Return the specs of the outputs."""
        made = [symbol.spec for symbol in self._calls[0].outputs]
        return made if self._calls[0].gives_list else made[0]

    def computed_in(self, scope: Scope, values: Sequence[Any]) -> Any:
        """Return the outputs, and let the scope know the new values of weights."""
        count = self._several or 1
        x = list(values[:count]) if self._several else values[0]
        is_training = scope.is_training if self._stated is None else self._stated
        lower = self._base.lower_training if is_training else None
        function = self._function_for(scope, values[0], lower or self._base.lower, is_training)
        if lower is None:
            return function(values[count:], x)
        outputs, effects = function(values[count:], x, scope.key)
        scope.updates.update(effects.updates)
        return outputs

    def _function_for(self, scope: Scope, first: Any, lower: Any, is_training: bool) -> Any:
        shape, dtype = scope.backend.describe(first)
        key = (dtype, is_training, tuple(shape[1:]))
        if key not in self._made:
            activation = self._layer.activation
            self._made[key] = outside_trace(
                scope.backend, shape[0], lambda: lower(dtype, activation)
            )
        return self._made[key]


def extended(cls: Any) -> None:
    """Let a script's class compute by its `call`, which runs within a tracing."""
    inherited: Resolve = cls.resolve
    if getattr(inherited, "is_extended", False):
        return

    def resolve(self: Any, spec: Any) -> Resolved:
        return _resolved(self, spec, inherited)

    resolve.is_extended = True  # type: ignore[attr-defined] # a mark
    cls.resolve = resolve


def _resolved(layer: Any, spec: Any, inherited: Resolve) -> Resolved:
    base = inherited(layer, spec)
    declared = base.declarations
    symbols = {
        one.name: given_symbol(Spec(one.public_shape, layer.dtype), one.name) for one in declared
    }
    tracing = Tracing(layer=layer, inherited=inherited, weights=symbols)
    vars(layer)["_tracing"] = tracing
    try:
        with scopes.entered(None), selection.use_backend(layer.backend):
            program = traced_call(layer, spec, also=list(symbols.values()))
    finally:
        del vars(layer)["_tracing"]
    backend = layer._backend()

    def compute(weights: Any, inputs: Any, key: Any, is_training: bool) -> tuple[Any, Effects]:
        values = [*(inputs if isinstance(inputs, list) else [inputs]), *weights]
        known = dict(zip(program.inputs, values, strict=True))
        scope = Scope(backend, is_training=is_training, key=key, owner=layer, values=known)
        with scopes.entered(scope.within(scopes.current())):
            found = run(program.graph, values, scope)
        count = len(program.outputs)
        losses = tuple(found[count : count + program.losses])
        outputs = found[:count] if program.gives_list else found[0]
        return outputs, Effects(updates=scope.updates, losses=losses)

    shapes = [(None, *symbol.shape[1:]) for symbol in program.outputs]
    return Resolved(
        output_shape=shapes if program.gives_list else shapes[0],
        output_dtype=base.output_dtype,
        declare=lambda: declared,
        lower=lambda *_: lambda weights, x, *mask: compute(weights, x, None, False)[0],
        lower_training=lambda *_: lambda weights, x, key, *mask: compute(weights, x, key, True),
    )


class Overridable(Layer):
    """A layer whose `call` scripts may call, and override."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "call" in vars(cls) and not is_of_this_package(cls):
            extended(cls)

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        """Return what the layer makes of symbolic inputs, as Keras's layers compute.

        initial_state: symbols for the states that a recurrent layer begins with.
        """
        if initial_state is not None:
            several = isinstance(initial_state, list | tuple)
            inputs = [inputs, *(initial_state if several else [initial_state])]
        tracing = vars(self).get("_tracing")
        return self(inputs) if tracing is None else tracing.applied(inputs, training)

    @functools.cached_property
    def call_parameters(self) -> tuple[str, ...]:
        """The names of what `call` takes."""
        return tuple(inspect.signature(type(self).call).parameters)[1:]

    def _variable(self, name: str) -> Any:
        tracing = vars(self).get("_tracing")
        return super()._variable(name) if tracing is None else tracing.weights.get(name)
