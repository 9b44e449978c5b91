"""What symbols stand for in a computation: known values, or a graph that is computed for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.graph import traced
from convdispatch.engine.masks import compute, with_masks
from convdispatch.engine.scopes import Scope
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.random import Draws
from convdispatch.runtime import selection
from convdispatch.symbolic.computing import Sizes
from convdispatch.symbolic.shapes import SHAPES, Shaped


def abstract_of(symbol: Symbol) -> Any:
    """Return what a symbol is to functions that compute shapes."""
    known_values = getattr(symbol.call.layer, "abstract", None)
    if known_values:
        found = known_values[symbol.place]
        if not isinstance(found, Shaped):
            return found
    return Shaped(symbol.spec.shape, symbol.spec.dtype)


def spec_of(found: Any) -> Spec:
    """Return the spec of what a function that computes shapes returned."""
    if isinstance(found, Shaped):
        return Spec(found.shape, found.dtype)
    if isinstance(found, Sizes):
        return Spec((len(found),), "int32")
    return Spec((), selection.floatx() if isinstance(found, float) else "int32")


def value_in(one: Any, scope: Scope) -> Any:
    """Return what an argument is within a scope: of a symbol or a variable, its value."""
    if not isinstance(one, Symbol):
        return one
    if one in scope.values:
        return scope.values[one]
    reads = getattr(one, "value_in", None)
    if reads is not None:
        found = reads(scope)
    elif scope.backend is SHAPES:
        return abstract_of(one)
    else:
        found = _computed(one, scope)
    scope.values[one] = found
    return found


def _computed(symbol: Symbol, scope: Scope) -> Any:
    """Return the value of a symbol that was computed before, by computing its graph."""
    known_symbols = [one for one in scope.values if isinstance(one, Symbol)]
    try:
        graph = traced(known_symbols, [symbol], gives_list=True)
    except InvalidArgument as exc:
        raise InvalidArgument(
            f"a function names {symbol!r}, which depends on an input that has no value here. Give "
            "the function that tensor as an argument."
        ) from exc
    return run(graph, [scope.values[one] for one in known_symbols], scope)[0]


def run(graph: Any, inputs: Sequence[Any], scope: Scope) -> list[Any]:
    """Return the outputs of a graph of layers and operations for native inputs."""
    flat = with_masks(graph.flattened())
    fold: Any = Draws(scope.backend)["fold"]

    def call(place: int, layer: Any, x: Any, *mask: Any) -> Any:
        if hasattr(layer, "computed_in"):
            return layer.computed_in(scope, x)
        weights = scope.weights.get(layer)
        if weights is None:
            weights = layer._variables
        if not scope.is_training:
            if not layer.carries_state:
                return layer.plan_for(x).function(weights, x, *mask)
            return layer.inference_for(x)(weights, x, None, *mask)[0]
        key = fold(scope.key, place) if layer.draws else scope.key
        return layer.training_for(x)(weights, x, key, *mask)[0]

    return compute(flat, call, inputs)
