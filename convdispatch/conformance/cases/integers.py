"""Integer tensors: they keep every bit, are compared and moved, and serve as indices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.numerics.problem import Array
from convdispatch.ops import INTEGER_DTYPES, Backend, Tensor

_METHODS = ("asarray", "variable")
_SHAPES = ((), (0,), (2, 3), (1, 0, 2))

# Both ends of each type, and numbers that no float32 has.
_NUMBERS: Mapping[str, tuple[int, ...]] = {
    "bool": (0, 1, 1, 0, 1, 1),
    "uint8": (0, 1, 127, 128, 254, 255),
    "int32": (-(2**31), -1, 0, 2**24 + 1, 2**31 - 2, 2**31 - 1),
    "int64": (-(2**63), -(2**53) - 1, 0, 2**53 + 1, 2**63 - 2, 2**63 - 1),
}
Functions = Mapping[str, Callable[..., Any]]
Expression = Callable[[Functions, Any, Any], Any]


def _of_two(name: str) -> Expression:
    return lambda f, x, y: f[name](x, y)


def _where(f: Functions, x: Any, y: Any) -> Any:
    return f["where"](f["equal"](x, y), x, y)


# What only compares or moves numbers, of x and of x moved by a column.
_ROWS: dict[str, Expression] = {
    "linear": lambda f, x, y: f["linear"](x),
    "stop_gradient": lambda f, x, y: f["stop_gradient"](x),
    "flip": lambda f, x, y: f["flip"](x, (0,)),
    "transpose": lambda f, x, y: f["transpose"](x, (1, 0)),
    "reshape": lambda f, x, y: f["reshape"](x, (3, -1)),
    "concatenate": lambda f, x, y: f["concatenate"]([x, y], 1),
    "stack": lambda f, x, y: f["stack"]([x, y], 0),
    "take": lambda f, x, y: f["take"](x, np.array([2, 0, 0]), 1),
    "where": _where,
    **{
        name: _of_two(name)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    },
}
_ORDERED: dict[str, Expression] = {
    "maximum": _of_two("maximum"),
    "minimum": _of_two("minimum"),
    "argmax": lambda f, x, y: f["argmax"](x, 1),
    "max": lambda f, x, y: f["max"](x, axis=(0,)),
}
_NUMPY: Functions = {
    "stop_gradient": np.array,
    **{
        name: getattr(np, name)
        for name in (
            *("flip", "transpose", "reshape", "concatenate", "stack", "take", "where"),
            *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
            *("maximum", "minimum", "argmax", "max"),
        )
    },
    "linear": np.array,
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of each integer type; `seed` changes nothing here."""
    for dtype in INTEGER_DTYPES:
        claim = "Integers enter and leave with every bit, whatever their shape."
        yield _case(f"round-trip-{dtype}", bit_by_bit, claim, dtype)
        claim = "A variable of integers can be assigned arrays and tensors."
        yield _case(f"assign-{dtype}", assigned, claim, dtype)
        claim = "An array in any layout and of another integer type is read by value."
        yield _case(f"views-{dtype}", of_views, claim, dtype)
        claim = "Integers become floating point numbers by a cast."
        yield _case(f"cast-{dtype}", cast, claim, dtype)
        claim = "Functions that only compare or move numbers take integers, and lose no bit."
        for name in (*_ROWS, *(_ORDERED if dtype != "bool" else ())):
            yield _case(f"{name}-{dtype}", as_numpy, claim, name, dtype, op="functions")
    claim = "`one_hot` returns the requested element type."
    for dtype in (*INTEGER_DTYPES, "float32"):
        yield _case(f"one_hot-of-{dtype}", coded, claim, dtype, op="functions")
    claim = "Indices may be tensors of integers."
    for dtype in ("int32", "int64"):
        yield _case(f"take-by-{dtype}", taken, claim, dtype, op="functions")


def bit_by_bit(backend: Backend, dtype: str) -> None:
    """Send both ends of the type and empty arrays there and back."""
    for method in _METHODS:
        _require(backend, getattr(backend, method)(_array(dtype), dtype), _array(dtype))
        for shape in _SHAPES:
            ones = np.ones(shape, dtype)
            _require(backend, getattr(backend, method)(ones, dtype), ones)


def assigned(backend: Backend, dtype: str) -> None:
    """Assign an array, a constant, and the numbers in reverse order."""
    numbers = _array(dtype)
    for value in (numbers, backend.asarray(numbers, dtype)):
        variable = backend.assign(backend.variable(np.zeros_like(numbers), dtype), value)
        _require(backend, variable, numbers)
        _require(backend, backend.assign(variable, numbers[::-1]), numbers[::-1])


def of_views(backend: Backend, dtype: str) -> None:
    """Make tensors of arrays with negative strides, with gaps, or in the other byte order."""
    numbers = _array(dtype)
    wide = np.zeros((4, 6), dtype)
    wide[::2, ::2] = numbers
    foreign = numbers.astype(numbers.dtype.newbyteorder(">"))
    small = np.array([[0, 1, 1], [1, 0, 1]])
    for array in (numbers[::-1, ::-1], wide[::2, ::2], np.asfortranarray(numbers), foreign):
        _require(backend, backend.asarray(array, dtype), np.array(array, dtype))
    for other in INTEGER_DTYPES:
        _require(backend, backend.asarray(small.astype(other), dtype), small.astype(dtype))


def cast(backend: Backend, dtype: str) -> None:
    """Cast small numbers to float32, and to int32."""
    numbers = np.array([[0, 1, 1], [1, 0, 1]], dtype)
    for other in ("float32", "int32"):
        result = backend.cast(backend.asarray(numbers, dtype), other)
        _require(backend, result, numbers.astype(other))


def as_numpy(backend: Backend, name: str, dtype: str) -> None:
    """Evaluate an expression over tensors and over NumPy's arrays; nothing is rounded."""
    numbers = _array(dtype)
    row = {**_ROWS, **_ORDERED}[name]
    moved = np.roll(
        numbers, 1, axis=1
    )  # neighbours meet that float32 and float64 do not tell apart
    want = np.asarray(row(_NUMPY, numbers, moved))
    pair = [backend.asarray(each, dtype) for each in (numbers, moved)]
    found = row(backend.functions, *pair)
    if name == "argmax":
        values = np.asarray(backend.to_numpy(found))
        if values.dtype.name not in ("int32", "int64") or values.tolist() != want.tolist():
            raise Mismatch(f"`argmax` gave {values!r}; expected {want.tolist()}")
        return
    _require(backend, found, want)


def coded(backend: Backend, dtype: str) -> None:
    """Encode NumPy's integers and native integers; some are out of range."""
    indices = np.array([[2, 0, -1], [1, 3, 1]])
    want = (indices[..., None] == np.arange(3)).astype(dtype)
    for given in (indices, backend.asarray(indices, "int32")):
        _require(backend, backend.functions["one_hot"](given, 3, dtype), want)


def taken(backend: Backend, dtype: str) -> None:
    """Take columns by native integers, and by a table of them."""
    x = np.arange(12.0, dtype="float32").reshape(3, 4)
    for indices in (np.array([3, 0, 0]), np.array([[1, 2], [3, 0]])):
        native = backend.asarray(indices, dtype)
        found = backend.functions["take"](backend.asarray(x, "float32"), native, 1)
        _require(backend, found, np.take(x, indices, 1))


def _array(dtype: str) -> Array:
    return np.array(_NUMBERS[dtype], np.int64).reshape(2, 3).astype(dtype)


def _require(backend: Backend, tensor: Tensor, want: Array) -> None:
    if not backend.owns(tensor):
        raise Mismatch(f"`owns` denies the result, a {type(tensor).__name__}")
    found = backend.describe(tensor)
    if found != (want.shape, want.dtype.name):
        raise Mismatch(f"`describe` gives {found!r}; expected {(want.shape, want.dtype.name)!r}")
    values = np.asarray(backend.to_numpy(tensor))
    if values.dtype != want.dtype or not np.array_equal(values, want):
        raise Mismatch(
            f"the tensor is {values.tolist()} in {values.dtype.name}; expected {want.tolist()} in "
            f"{want.dtype.name}"
        )


def _case(slug: str, check: Check, claim: str, *arguments: str, op: str = "tensors") -> Case:
    return Case(
        id=f"{op}/contract/integers-{slug}",
        level="contract",
        op=op,
        claim=claim,
        check=check,
        arguments=arguments,
        features=tuple(arguments[-1:]),
    )
