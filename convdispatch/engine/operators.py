"""Operators of symbolic tensors: each stands for a function, which `convdispatch.symbolic` has.

The functions are above this package, so `provide` hands them down when that package is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.errors import InvalidType

_functions: dict[str, Callable[..., Any]] = {}


def provide(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Let the operators call these functions, by name."""
    _functions.update(functions)


class Operators:
    """What a symbolic tensor can be written with: arithmetic, comparisons, parts."""

    __slots__ = ()
    __array_ufunc__ = None  # NumPy leaves `array * symbol` to the symbol
    __array_priority__ = 1000  # and so do the frameworks

    def __add__(self, other: Any) -> Any:
        return _functions["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return _functions["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return _functions["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return _functions["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return _functions["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return _functions["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return _functions["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _functions["divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _functions["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _functions["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return _functions["mod"](self, other)

    def __pow__(self, other: Any) -> Any:
        return _functions["pow"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return _functions["pow"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return _functions["matmul"](self, other)

    def __neg__(self) -> Any:
        return _functions["negative"](self)

    def __abs__(self) -> Any:
        return _functions["abs"](self)

    def __lt__(self, other: Any) -> Any:
        return _functions["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return _functions["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return _functions["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return _functions["greater_equal"](self, other)

    def __and__(self, other: Any) -> Any:
        return _functions["logical_and"](self, other)

    def __or__(self, other: Any) -> Any:
        return _functions["logical_or"](self, other)

    def __invert__(self) -> Any:
        return _functions["logical_not"](self)

    def __getitem__(self, index: Any) -> Any:
        return _functions["part"](self, index)

    def __iter__(self) -> Any:
        raise InvalidType(
            "a symbolic tensor cannot be iterated over, because it has no numbers. Take its parts "
            "by index: `x[0]`, `x[:, 0]`."
        )
