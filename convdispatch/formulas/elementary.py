"""Functions for formulas, with the same slopes under every autodiff.

Rules that hold for every formula here and in the modules that use it:

* A kink is a `where`, never `maximum` or `minimum`, whose slope at a tie differs by framework.
* The branch that is not taken is given harmless values, so that its gradient is never inf * 0.
* A comparison is false for NaN and then selects the branch that passes the NaN on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Functions = Mapping[str, Callable[..., Any]]


def absolute(f: Functions, x: Any) -> Any:
    """|x|, with the slope 0 at 0 that Theano, NumPy and Torch give and JAX does not."""
    return f["where"](x == 0, 0, f["abs"](x))


def zeros(f: Functions, x: Any) -> Any:
    """Zeros of the element type of x, NaN where x is NaN."""
    return f["where"](x == x, 0, x)  # only NaN is unequal to itself


def negative_part(f: Functions, x: Any) -> Any:
    """X where it is negative, else 0."""
    return f["where"](x > 0, 0, x)


def clip(f: Functions, x: Any, low: float, high: float) -> Any:
    """Clip with the inner slope at both ends, as Keras's backends have it."""
    return f["where"](x < low, low, f["where"](x > high, high, x))
