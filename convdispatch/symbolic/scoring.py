"""Losses and metrics that scripts write: functions of native tensors, or of symbolic ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch.engine import scopes
from convdispatch.engine.scopes import NeedsSymbols
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Symbol
from convdispatch.ops import Backend
from convdispatch.symbolic.running import value_in
from convdispatch.symbolic.tracing import given_symbol


def scored(
    function: Callable[[Any, Any], Any],
    score: Callable[[Backend, Any, Any], Any],
    backend: Backend,
    wanted: Any,
    output: Any,
) -> Any:
    """Return what a function makes of targets and predictions, within a scope.

    score: calls it with tensors of the element type that formulas compute in.

    Where it differentiates its predictions, or asks for `y_pred.get_shape()`, it is called with
    symbols instead of numbers.
    """
    scope = scopes.current()
    try:
        found = score(backend, wanted, output)
    except (NeedsSymbols, AttributeError) as exc:
        if scope is None or not scopes.needs_symbols(exc):
            raise
        predicted = next((s for s, value in scope.values.items() if value is output), None)
        if predicted is None:
            raise
        target = given_symbol(Spec(*backend.describe(wanted)), "y_true")
        scope.values[target] = wanted
        with scopes.entered(None):
            found = function(target, predicted)
    return value_in(found, scope) if scope is not None and isinstance(found, Symbol) else found


def added(losses: Any, scope: Any) -> list[Any]:
    """Return the values of symbolic losses of a model as scalars; a number is itself."""
    functions: Any = scope.backend.functions
    found = []
    for loss in losses:
        value = value_in(loss, scope)
        if isinstance(value, int | float):
            found.append(float(value))
            continue
        found.append(functions["mean"](value) if len(value.shape) else value)
    return found
