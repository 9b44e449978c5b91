"""A table of functions, made from a framework that spells most of them as NumPy does."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from convdispatch.kit._precision import rounding
from convdispatch.ops import REQUIRED_FUNCTIONS

Function: TypeAlias = Callable[..., Any]

_OF_ONE_TYPE = (
    "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "not_equal",
    "where",
)  # fmt: skip
_ROUNDED_OF_ONE = (
    "cumsum", "erf", "erfc", "exp", "expm1", "log", "log1p", "max", "mean", "sigmoid", "sqrt",
    "sum", "take", "tanh",
)  # fmt: skip
_ROUNDED_OF_SEVERAL = ("matmul", "maximum", "minimum", "power", "where")


def functions_from(
    namespace: object,
    own: Mapping[str, Function],
    *,
    halves: Container[Any],
    single: Any,
    cast: Callable[[Any, Any], Any],
    typed: Callable[[float, Any], Any] | None = None,
) -> dict[str, Function]:
    """Return the table: the functions of `namespace`, or those of `own` in their place.

    `own` holds the functions that the framework lacks, calls otherwise or computes otherwise. All
    that round are wrapped by `rounding`, which `halves`, `single` and `cast` are for. Where the
    framework does not give a number the element type of the tensor beside it, `typed(number,
    tensor)` does. A function in neither place is not in the table: the backend has to decline it.
    """
    found = {name: getattr(namespace, name, None) for name in REQUIRED_FUNCTIONS}
    table: dict[str, Function] = {name: known for name, known in found.items() if known is not None}
    table |= {"linear": lambda x: x, "shape": lambda x: tuple(x.shape)} | dict(own)
    rounded_once, rounded_once_of_several = rounding(halves=halves, single=single, cast=cast)
    _wrap(table, _ROUNDED_OF_ONE, rounded_once)
    if typed is not None:
        _wrap(table, _OF_ONE_TYPE, lambda function: _of_one_type(function, typed))
    _wrap(table, _ROUNDED_OF_SEVERAL, rounded_once_of_several)
    return table


def _wrap(
    table: dict[str, Function], names: Iterable[str], wrapper: Callable[[Function], Function]
) -> None:
    table |= {name: wrapper(table[name]) for name in names if name in table}


def _of_one_type(function: Function, typed: Callable[[float, Any], Any]) -> Function:
    """Return the function of (x, y), after any other arguments, one of which may be a number."""

    def computed(*arguments: Any) -> Any:
        *others, x, y = arguments
        if _is_number(y):
            y = typed(y, x)
        elif _is_number(x):
            x = typed(x, y)
        return function(*others, x, y)

    return computed


def _is_number(value: Any) -> bool:
    """Say whether it is no tensor; a number of NumPy's has an element type that nobody chose."""
    return not hasattr(value, "dtype") or isinstance(value, np.generic)


def simple_powers(power: Function, *, ones: Function, square: Function) -> Function:
    """Return `power` with whole exponents from 0 to 2 computed by other functions.

    Some frameworks' gradients of x**0 and x**1 are NaN where x is 0.
    """
    simple: dict[float, Function] = {0: ones, 1: lambda x: x, 2: square}

    def computed(x: Any, y: Any) -> Any:
        chosen = simple.get(y) if isinstance(y, int | float) else None
        return power(x, y) if chosen is None else chosen(x)

    return computed
