"""Functions of each number of a tensor by itself, with Keras's names; see `operations`."""

from __future__ import annotations

import math
from typing import Any

from convdispatch.formulas import elementary
from convdispatch.ops import INTEGER_DTYPES
from convdispatch.runtime import selection
from convdispatch.symbolic.computing import type_name
from convdispatch.symbolic.operations import operation

__all__ = [
    "abs",
    "cast",
    "clip",
    "cos",
    "equal",
    "exp",
    "greater",
    "greater_equal",
    "identity",
    "less",
    "less_equal",
    "log",
    "maximum",
    "minimum",
    "not_equal",
    "pow",
    "round",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "square",
    "stop_gradient",
    "tanh",
]


@operation
def add(o: Any, x: Any, y: Any) -> Any:
    """Return x + y."""
    a, b = o.matched(x, y)
    return a + b


@operation
def subtract(o: Any, x: Any, y: Any) -> Any:
    """Return x - y."""
    a, b = o.matched(x, y)
    return a - b


@operation
def multiply(o: Any, x: Any, y: Any) -> Any:
    """Return x * y."""
    a, b = o.matched(x, y)
    return a * b


@operation
def divide(o: Any, x: Any, y: Any) -> Any:
    """Return x / y, of whole numbers as floats."""
    a, b = (
        o.floats(one) if o.owns(one) and o.dtype(one) in INTEGER_DTYPES else one
        for one in o.matched(x, y)
    )
    return a / b


def _is_size(x: Any) -> bool:
    return type(x).__name__ == "Unknown" or isinstance(x, int)


@operation
def floor_divide(o: Any, x: Any, y: Any) -> Any:
    """Return the whole part of x / y, towards minus infinity."""
    if _is_size(x) and _is_size(y):
        return x // y
    a, b = o.matched(x, y)
    return a // b


@operation
def mod(o: Any, x: Any, y: Any) -> Any:
    """Return what is left of x after the division by y."""
    if _is_size(x) and _is_size(y):
        return x % y
    a, b = o.matched(x, y)
    return a - (a // b) * b


@operation
def negative(o: Any, x: Any) -> Any:
    """Return -x."""
    return -o.tensor(x)


@operation
def pow(o: Any, x: Any, a: Any) -> Any:  # noqa: A001 - Keras's name
    """Return x to the power a."""
    if isinstance(a, int) and a in (1, 2, 3) and not _is_size(x):
        base = o.tensor(x)
        return base if a == 1 else base * base if a == 2 else base * base * base
    base, exponent = o.matched(x, a)
    return o.f["power"](base, exponent)


@operation
def abs(o: Any, x: Any) -> Any:  # noqa: A001 - Keras's name
    """Return the absolute values."""
    return o.f["abs"](o.tensor(x))


@operation
def square(o: Any, x: Any) -> Any:
    """Return the squares."""
    one = o.tensor(x)
    return one * one


@operation
def sqrt(o: Any, x: Any) -> Any:
    """Return the square roots, that of 0 for a negative number."""
    one = o.floats(x)
    return o.f["sqrt"](o.f["where"](one < 0, 0, one))


def _of_floats(name: str, says: str) -> Any:
    def function(o: Any, x: Any) -> Any:
        return o.f[name](o.floats(x))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = says
    return operation(function)


exp = _of_floats("exp", "Return e to the power of each number.")
log = _of_floats("log", "Return the natural logarithms.")
sigmoid = _of_floats("sigmoid", "Return 1 / (1 + exp(-x)).")
tanh = _of_floats("tanh", "Return the hyperbolic tangents.")
sign = _of_floats("sign", "Return -1, 0 or 1.")


@operation
def round(o: Any, x: Any) -> Any:  # noqa: A001 - Keras's name
    """Return the nearest whole numbers; of two as near, the even one. It has no slope."""
    one = o.f["stop_gradient"](o.floats(x))
    own = o.dtype(one)
    whole = "int64" if own == "float64" else "int32"
    size = o.f["abs"](one)
    is_small = size < (2.0**52 if own == "float64" else 2.0**23)  # the others are whole numbers
    small = o.f["where"](is_small, size, 0.0)
    floor = o.cast(o.cast(small, whole), own)
    is_odd = floor - 2 * o.cast(o.cast(floor * 0.5, whole), own)
    rest = small - floor
    up = o.f["where"](rest == 0.5, is_odd, o.cast(rest > 0.5, own))
    return o.f["where"](is_small, floor + up, size) * o.f["sign"](one)


@operation
def clip(o: Any, x: Any, min_value: Any, max_value: Any) -> Any:
    """Return the numbers, none below the one and none above the other."""
    one = o.tensor(x)
    low = -math.inf if min_value is None else min_value
    high = math.inf if max_value is None else max_value
    if isinstance(low, int | float) and isinstance(high, int | float):
        return elementary.clip(o.f, one, low, max(low, high))
    a, b = o.matched(one, low)
    a, c = o.matched(o.f["maximum"](a, b), high)
    return o.f["minimum"](a, c)


def _of_two(name: str, says: str) -> Any:
    def function(o: Any, x: Any, y: Any) -> Any:
        return o.f[name](*o.matched(x, y))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = says
    return operation(function)


maximum = _of_two("maximum", "Return the greater of the numbers at each place.")
minimum = _of_two("minimum", "Return the smaller of the numbers at each place.")
equal = _of_two("equal", "Return where the numbers are equal.")
not_equal = _of_two("not_equal", "Return where the numbers differ.")
greater = _of_two("greater", "Return where x > y.")
greater_equal = _of_two("greater_equal", "Return where x >= y.")
less = _of_two("less", "Return where x < y.")
less_equal = _of_two("less_equal", "Return where x <= y.")


@operation
def logical_and(o: Any, x: Any, y: Any) -> Any:
    """Return where both are true."""
    return o.tensor(x, "bool") & o.tensor(y, "bool")


@operation
def logical_or(o: Any, x: Any, y: Any) -> Any:
    """Return where one of them is true."""
    return o.tensor(x, "bool") | o.tensor(y, "bool")


@operation
def logical_not(o: Any, x: Any) -> Any:
    """Return where it is false."""
    return ~o.tensor(x, "bool")


@operation
def cast(o: Any, x: Any, dtype: Any) -> Any:
    """Return the numbers in another element type."""
    name = selection.floatx() if dtype in ("float", float) else type_name(dtype)
    name = {"uint16": "int32"}.get(name, name)
    return o.tensor(x, name)


@operation
def stop_gradient(o: Any, variables: Any) -> Any:
    """Return the tensors themselves, through which no gradient passes."""
    if isinstance(variables, list | tuple):
        return [o.f["stop_gradient"](o.tensor(one)) for one in variables]
    return o.f["stop_gradient"](o.tensor(variables))


@operation
def identity(o: Any, x: Any, name: Any = None) -> Any:
    """Return the tensor."""
    return o.tensor(x) * 1 if o.dtype(o.tensor(x)) != "bool" else o.tensor(x)


def _turn(o: Any, x: Any) -> tuple[Any, Any]:
    """Return the angle less whole half turns, in -pi/2 to pi/2, and the sign that they cost."""
    half_turns = round.computes(o, x * (1 / math.pi))
    rest = (x - half_turns * 3.140625) - half_turns * 9.67653589793e-4
    odd = half_turns - 2 * round.computes(o, half_turns * 0.5 - 0.25)
    return rest, 1 - 2 * o.f["abs"](odd)


def _sine(o: Any, x: Any) -> Any:
    rest, sign_of = _turn(o, x)
    square_of = rest * rest
    total = rest * 0
    for power in range(19, 0, -2):  # until a term is below rounding in float64
        total = 1 / math.factorial(power) - square_of * total
    return rest * total * sign_of


@operation
def sin(o: Any, x: Any) -> Any:
    """Return the sines of angles."""
    return _sine(o, o.floats(x))


@operation
def cos(o: Any, x: Any) -> Any:
    """Return the cosines of angles."""
    return _sine(o, o.floats(x) + math.pi / 2)
