"""Activations with Keras's names; see `operations`."""

from __future__ import annotations

import math
from typing import Any

from convdispatch.formulas import elementary
from convdispatch.formulas.activations import KERAS2 as ACTIVATIONS
from convdispatch.symbolic.operations import operation

__all__ = [
    "elu",
    "hard_sigmoid",
    "l2_normalize",
    "relu",
    "softmax",
    "softplus",
    "softsign",
]


@operation
def relu(o: Any, x: Any, alpha: Any = 0.0, max_value: Any = None, threshold: Any = 0.0) -> Any:
    """Return x where it is above the threshold, else alpha times the distance from it."""
    one = o.floats(x)
    below = alpha * (one - threshold) if alpha != 0 else elementary.zeros(o.f, one)
    found = o.f["where"](one > threshold, one, below)
    return found if max_value is None else elementary.clip(o.f, found, -math.inf, max_value)


def _activation(name: str, says: str) -> Any:
    known = ACTIVATIONS[name]

    def function(o: Any, x: Any) -> Any:
        values = (value for _, value in known.parameters)
        return known.function(o.f, o.floats(x), *values)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = says
    return operation(function)


softplus = _activation("softplus", "Return log(1 + exp(x)).")
softsign = _activation("softsign", "Return x / (1 + abs(x)).")
hard_sigmoid = _activation("hard_sigmoid", "Return 0.2 x + 0.5, between 0 and 1.")


@operation
def elu(o: Any, x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else alpha (exp(x) - 1)."""
    one = o.floats(x)
    is_positive = one > 0
    inner = o.f["where"](is_positive, 0, one)
    return o.f["where"](is_positive, one, alpha * o.f["expm1"](inner))


@operation
def softmax(o: Any, x: Any, axis: int = -1) -> Any:
    """Return exp(x) over the sum of them along an axis."""
    one = o.floats(x)
    axes = (o.axis(axis, one),)
    grown = o.f["exp"](one - o.f["stop_gradient"](o.f["max"](one, axes, keepdims=True)))
    return grown / o.f["sum"](grown, axes, keepdims=True)


@operation
def l2_normalize(o: Any, x: Any, axis: Any = None) -> Any:
    """Return x over the root of the sum of its squares along an axis."""
    one = o.floats(x)
    squares = o.f["sum"](one * one, o.axes(axis, one), keepdims=True)
    return one / o.f["sqrt"](o.f["where"](squares < 1e-12, 1e-12, squares))
