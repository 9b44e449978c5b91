"""The tensors of a recorder: they have a shape and an element type, and remember what is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from convdispatch.errors import InvalidType
from convdispatch.ops import PartialShape
from convdispatch.programs._program import Value


class Records(Protocol):
    """What a tensor tells that it was operated on."""

    def calculated(self, name: str, *operands: Any) -> Symbolic:
        """Return the result of an operator."""

    def sliced(self, x: Symbolic, places: Any) -> Symbolic:
        """Return some cells of a tensor."""


class Symbolic:
    """A tensor without numbers. Each operator makes another one, and is recorded."""

    __slots__ = ("recorder", "value")
    __array_ufunc__ = None  # so that NumPy's arrays leave the operator to this class

    def __init__(self, recorder: Records, value: Value) -> None:
        self.recorder = recorder
        self.value = value

    @property
    def shape(self) -> PartialShape:
        """The shape; the batch axis is None."""
        return self.value.shape

    @property
    def dtype(self) -> str:
        """The name of the element type."""
        return self.value.dtype

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.value.shape)

    def __getitem__(self, places: Any) -> Symbolic:
        return self.recorder.sliced(self, places)

    def __neg__(self) -> Symbolic:
        return self.recorder.calculated("negative", self)

    def __invert__(self) -> Symbolic:
        return self.recorder.calculated("logical_not", self)

    def __abs__(self) -> Symbolic:
        return self.recorder.calculated("abs", self)

    def __array__(self, *arguments: Any, **options: Any) -> Any:
        raise _without_numbers("is converted to a NumPy array")

    def __bool__(self) -> bool:
        raise _without_numbers("is asked for its truth")

    def __float__(self) -> float:
        raise _without_numbers("is converted to a Python number")

    def __index__(self) -> int:
        raise _without_numbers("is converted to a Python number")

    def __iter__(self) -> Any:
        raise _without_numbers("is iterated over")

    def __repr__(self) -> str:
        return f"<symbolic tensor of shape {self.shape}, {self.dtype}>"

    __hash__ = object.__hash__


def _without_numbers(what: str) -> InvalidType:
    return InvalidType(
        f"a tensor {what} while the model is recorded, when it has no numbers yet. Use the "
        "operators of Python and the functions of the backend's table alone."
    )


# Of Python's operators, those that the table of functions has under the same meaning included.
OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power",
    "mod": "remainder", "floordiv": "floor_divide", "and": "logical_and", "or": "logical_or",
}  # fmt: skip
COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal",
    "ne": "not_equal",
}  # fmt: skip


def _operator(name: str) -> Callable[[Symbolic, Any], Symbolic]:
    return lambda x, y: x.recorder.calculated(name, x, y)


def _turned(name: str) -> Callable[[Symbolic, Any], Symbolic]:
    return lambda x, y: x.recorder.calculated(name, y, x)


for _short, _name in OPERATORS.items():
    setattr(Symbolic, f"__{_short}__", _operator(_name))
    setattr(Symbolic, f"__r{_short}__", _turned(_name))
for _short, _name in COMPARISONS.items():
    setattr(Symbolic, f"__{_short}__", _operator(_name))
