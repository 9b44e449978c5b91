"""The table's functions of drawn tensors: shapes that broadcast, empty axes, numbers on each side.

The numbers are multiples of 1/8, many of them equal, and here and there a special one. What only
compares, moves or adds them is exact in every element type but for one rounding.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured
from convdispatch.conformance.cases.drawn_shapes import (
    Random,
    axes_of,
    broadcasting,
    numbers_of,
    shape_of,
    with_infinite,
    with_special,
)
from convdispatch.conformance.cases.function_rows import REFERENCE, Functions
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_kind, require_within, spacing, worst
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend

# Expressions that one case draws. Some frameworks compile each.
_DRAWS = {"float16": 4, "bfloat16": 3, "float32": 8, "float64": 4}
_CHOOSING = ("maximum", "minimum")
_COMPARING = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
# As one of two arguments, the other being a tensor, whose element type the number gets.
_PLAIN: tuple[float, ...] = (0.1, -0.7, 2.3, 0.6, 0, 1)


# Sizes of lines, and what goes along an axis, or reduces it.
_LINES = (2, 3, 5)
_AXES: dict[str, Callable[[Functions, Any, int], Any]] = {
    "sum": lambda f, x, axis: f["sum"](x, axis=(axis,)),
    "mean": lambda f, x, axis: f["mean"](x, axis=(axis,)),
    "max": lambda f, x, axis: f["max"](x, axis=(axis,)),
    "cumsum": lambda f, x, axis: f["cumsum"](x, axis),
    "argmax": lambda f, x, axis: f["argmax"](x, axis),
}
# Exponents that every element type has: others may be rounded to it, or not.
_EXPONENTS = (2, 0.5, -1, 2.5, 0, 1)


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each function and element type."""
    checks: dict[str, Check] = {
        **dict.fromkeys((*_CHOOSING, *_COMPARING, "power"), of_two),
        "where": of_three,
        **dict.fromkeys(("sum", "mean", "max"), over_axes),
        **dict.fromkeys(("cumsum", "argmax"), along_an_axis),
        "matmul": of_stacks,
    }
    for name in _COMPARING:
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/contract/{name}-beside-numbers-{dtype}",
                level="contract",
                op="functions",
                claim="A number gets the tensor's element type before it is compared.",
                check=beside_numbers,
                arguments=(name, dtype),
                features=(dtype,),
            )
    for name in _AXES:
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/contract/{name}-of-nan-anywhere-{dtype}",
                level="contract",
                op="functions",
                claim="A NaN counts at every place of a line and of a row, alone or not.",
                check=of_nan_anywhere,
                arguments=(name, dtype, seed),
                features=(dtype,),
            )
    for name, check in checks.items():
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/contract/drawn-{name}-{dtype}",
                level="contract",
                op="functions",
                claim="The function gives what NumPy's gives, whatever the tensors' shapes are.",
                check=check,
                arguments=(name, dtype, seed),
                features=(dtype,),
            )


def of_two(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Call a function of two tensors, or of a tensor and a number on either side."""
    random = _random(name, dtype, seed)
    measured = []
    for turn in range(_DRAWS[dtype]):
        given = _pair(random, name, dtype, turn)
        with np.errstate(all="ignore"):
            exact = np.asarray(REFERENCE[name](*(_typed(one, dtype) for one in given)))
            native = [_native(backend, one, dtype) for one in given]
            got = np.asarray(backend.to_numpy(backend.functions[name](*native)))
        what = f"{name!r} of {' and '.join(map(_said, given))}"
        if name in _COMPARING:
            measured.append(_require_same(got, exact, what))
        else:
            measured.append(_require(got, exact, name, dtype, what))
    return worst(measured)


def beside_numbers(backend: Backend, name: str, dtype: str) -> Measured:
    """Compare numbers, on either side, with what they become in the tensor and its neighbours."""
    measured = []
    for number in _PLAIN:
        near = round_to(np.asarray(number), dtype)
        x = near + np.array([-1, 0, 1]) * spacing(near, dtype)
        if number == 0:
            x = np.array([-1.0, 0.0, 1.0])
        tensor = backend.asarray(x, dtype)
        for given, exact in (
            ((number, tensor), REFERENCE[name](near, x)),
            ((tensor, number), REFERENCE[name](x, near)),
        ):
            got = np.asarray(backend.to_numpy(backend.functions[name](*given)))
            measured.append(_require_same(got, exact, f"{name!r} of {number} and {x.tolist()}"))
    return worst(measured)


def _require_same(got: Array, exact: Array, what: str) -> Measured:
    require_kind(got, exact.shape, "bool", what)
    return require_within(got.astype(np.float64), exact, 0, "float64", what)


def of_three(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Choose by a condition of another shape than either choice, one of which may be a number."""
    random = _random(name, dtype, seed)
    measured = []
    for turn in range(_DRAWS[dtype]):
        shapes = broadcasting(random, 3)
        condition = random.random(shapes[0]) < 0.5
        x, y = (with_special(random, numbers_of(random, shape), dtype) for shape in shapes[1:])
        given: list[Any] = [x, y]
        if turn % 4 in (1, 2):
            given[turn % 4 - 1] = _PLAIN[random.integers(len(_PLAIN))]
        exact = np.where(condition, *(_typed(one, dtype) for one in given))
        chosen = backend.asarray(condition, "bool")
        native = [_native(backend, one, dtype) for one in given]
        got = np.asarray(backend.to_numpy(backend.functions[name](chosen, *native)))
        what = f"{name!r} of a condition {shapes[0]} and {' and '.join(map(_said, given))}"
        measured.append(_require(got, exact, name, dtype, what))
    return worst(measured)


def over_axes(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Reduce over some axes in any order, counted from either end, and keep them or not."""
    random = _random(name, dtype, seed)
    measured = []
    for turn in range(_DRAWS[dtype]):
        x = numbers_of(random, shape_of(random, may_be_empty=name == "sum"))
        axis = axes_of(random, x.ndim) if turn else None
        if turn % 2:
            x = with_infinite(random, x)
        options = {"axis": axis, "keepdims": bool(random.integers(2))}
        with np.errstate(invalid="ignore"):
            exact = np.asarray(REFERENCE[name](x, **options))
        got = _computed(backend, dtype, lambda f, t, o=options: f[name](t, **o), x)
        what = f"{name!r} of {x.shape} over {options}"
        measured.append(_require(got, exact, name, dtype, what))
    return worst(measured)


def along_an_axis(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Go along one axis, counted from either end."""
    random = _random(name, dtype, seed)
    measured = []
    for _ in range(_DRAWS[dtype]):
        x = numbers_of(random, shape_of(random, least=1, may_be_empty=name == "cumsum"))
        axis = int(random.integers(-x.ndim, x.ndim))
        if name == "argmax" and random.random() < 0.5:
            x.reshape(-1)[random.integers(x.size)] = np.nan
        exact = np.asarray(REFERENCE[name](x, axis))
        got = _computed(backend, dtype, lambda f, t, a=axis: f[name](t, a), x)
        what = f"{name!r} of {x.shape} along {axis}"
        if name == "argmax":
            require_within(got.astype(np.float64), exact, 0, "float64", what)
        else:
            measured.append(_require(got, exact, name, dtype, what))
    return worst(measured) if measured else Measured(dtype=dtype, bounds=0.0, ulps=0.0)


def of_nan_anywhere(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Put a NaN in each place of lines, of rows side by side, and of columns."""
    random = _random(f"{name}-of-nan", dtype, seed)
    measured = []
    for size in _LINES:
        line = random.permutation(size) - size // 2 + 0.0
        rows = np.where(np.eye(size) == 1, np.nan, line)
        for x, axis in [(rows, 1), (rows.T, 0), *((row, 0) for row in rows)]:

            def call(f: Functions, t: Any, axis: int = axis) -> Any:
                return _AXES[name](f, t, axis)

            exact = np.asarray(call(REFERENCE, x), np.float64)
            got = _computed(backend, dtype, call, x)
            what = f"{name!r} of {x.tolist()}"
            if name == "argmax":
                require_within(got.astype(np.float64), exact, 0, "float64", what)
            else:
                measured.append(_require(got, exact, name, dtype, what))
    return worst(measured) if measured else Measured(dtype=dtype, bounds=0.0, ulps=0.0)


def of_stacks(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Multiply stacks of matrices of different sizes, and vectors."""
    random = _random(name, dtype, seed)
    measured = []
    for turn in range(_DRAWS[dtype]):
        rows, inner, columns = (int(random.integers(1, 6)) for _ in range(3))
        left, right = broadcasting(random, 2, most=2)
        a, b = (*left, rows, inner), (*right, inner, columns)
        if turn == 1:
            a = (inner,) if random.integers(2) else (1, rows, inner)
        elif turn == 2:
            b = (inner,) if random.integers(2) else (1, inner, columns)
        x, y = numbers_of(random, a), numbers_of(random, b)
        exact = np.asarray(np.matmul(x, y))
        got = _computed(backend, dtype, lambda f, s, t: f[name](s, t), x, y)
        measured.append(_require(got, exact, name, dtype, f"{name!r} of {a} and {b}"))
    return worst(measured)


def _pair(random: Random, name: str, dtype: str, turn: int) -> list[Any]:
    """Return two arrays, or an array and a number: a different one first in turn."""
    shapes = broadcasting(random, 2)
    if name == "power":
        x = np.ldexp(1 + random.integers(0, 8, shapes[0]) / 8, random.integers(-3, 4, shapes[0]))
        given: list[Any] = [np.asarray(x), np.asarray(random.integers(-16, 17, shapes[1]) / 4)]
    else:
        given = [with_special(random, numbers_of(random, shape), dtype) for shape in shapes]
    if name in _COMPARING and turn == 0:  # the number itself, or one beside it
        x = numbers_of(random, shapes[0])
        moved = random.integers(-1, 2, x.shape) * spacing(x, dtype)
        given = [x, x + np.where(x == 0, 0, moved)]
    if turn % 4 in (1, 2):
        place = turn % 4 - 1
        number = _PLAIN[random.integers(len(_PLAIN))]
        if name == "power":
            number = 2.5 if place == 0 else _EXPONENTS[random.integers(len(_EXPONENTS))]
        given[place] = number
        if name != "power":  # some are that number, as the element type has it
            x = given[1 - place]
            same = random.random(x.shape) < 0.3
            given[1 - place] = np.where(same, round_to(np.asarray(number), dtype), x)
    return given


def _typed(given: Any, dtype: str) -> Array:
    """Return the tensor, or the number in the tensor's element type."""
    return given if isinstance(given, np.ndarray) else round_to(np.asarray(given), dtype)


def _require(got: Array, exact: Array, name: str, dtype: str, what: str) -> Measured:
    """Compare with the exact result: rounded once, or within the bound of the function."""
    with np.errstate(all="ignore"):
        rounded = round_to(exact.astype(np.float64), dtype)
    if name not in ("power", "mean"):
        return require_within(got, rounded, 0, dtype, what)
    unit = bounds.unit_roundoff("float32" if dtype in HALF_DTYPES else dtype)
    # The sum of a mean is exact; it is divided, or multiplied with a rounded quotient.
    units = bounds.FUNCTION_ULPS if name == "power" else 2
    limits = units * unit * np.abs(exact)
    if dtype in HALF_DTYPES:
        limits = limits + spacing(exact, dtype) / 2
    want = np.where(np.isfinite(rounded), exact, rounded)
    return require_within(got, want, np.where(np.isfinite(want), limits, 0), dtype, what)


def _computed(
    backend: Backend, dtype: str, expression: Callable[..., Any], *arrays: Array
) -> Array:
    native = [backend.asarray(array, dtype) for array in arrays]
    with np.errstate(all="ignore"):
        return np.asarray(backend.to_numpy(expression(backend.functions, *native)))


def _native(backend: Backend, given: Any, dtype: str) -> Any:
    return backend.asarray(given, dtype) if isinstance(given, np.ndarray) else given


def _said(given: Any) -> str:
    return str(given.shape) if isinstance(given, np.ndarray) else repr(given)


def _random(name: str, dtype: str, seed: int) -> Random:
    return np.random.default_rng((seed, zlib.crc32(f"{name}-{dtype}".encode())))
