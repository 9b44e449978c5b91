"""The table's functions that join, take, pad, add up, compare and limit, on each backend in turn.

For each: NumPy's numbers, written by hand; the same in a compiled function; gradients; half
precision, which is computed in float32 and rounded once; and the integers of those functions that
only move or compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from precision import in_float64

from convdispatch.ops import HALF_DTYPES, INTEGER_DTYPES, Backend

Functions = Any
Expression = Callable[..., Any]  # of (functions, tensors ...)

X = [[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]
Y = [[1.0, 2.0, -3.0], [0.25, 4.0, 0.0]]
NAN, INF = float("nan"), float("inf")
TWO_TIES = [[2.0, 5.0, 5.0], [7.0, 7.0, 1.0]]
WITH_NAN = [[1.0, NAN, INF, NAN], [-INF, -INF, -INF, -INF]]

# id: the expression, its tensors, the numbers that NumPy gives
VALUES: dict[str, tuple[Expression, tuple[Any, ...], Any]] = {
    "concatenate": (
        lambda f, x, y: f["concatenate"]([x, y], 0),
        (X, Y),
        [*X, *Y],
    ),
    "concatenate-last-axis": (
        lambda f, x, y: f["concatenate"]((x, y, x), -1),
        ([[1.0], [2.0]], [[3.0, 4.0], [5.0, 6.0]]),
        [[1, 3, 4, 1], [2, 5, 6, 2]],
    ),
    "stack": (
        lambda f, x, y: f["stack"]([x, y], 0),
        ([1.0, 2.0], [3.0, 4.0]),
        [[1, 2], [3, 4]],
    ),
    "stack-last-axis": (
        lambda f, x, y: f["stack"]((x, y), -1),
        ([1.0, 2.0], [3.0, 4.0]),
        [[1, 3], [2, 4]],
    ),
    "take": (
        lambda f, x: f["take"](x, np.array([1, 0, 1]), 0),
        (X,),
        [X[1], X[0], X[1]],
    ),
    "take-last-axis": (
        lambda f, x: f["take"](x, np.array([2, 0, 0]), -1),
        (X,),
        [[3, 1, 1], [-1, 0.5, 0.5]],
    ),
    "take-every-other": (lambda f, x: f["take"](x, np.array([0, 2]), 1), (X,), [[1, 3], [0.5, -1]]),
    "take-backwards": (lambda f, x: f["take"](x, np.array([2, 0]), 1), (X,), [[3, 1], [-1, 0.5]]),
    "take-a-table": (
        lambda f, x: f["take"](x, np.array([[2, 0], [1, 1]], np.uint8), 1),
        (X,),
        [[[3, 1], [-2, -2]], [[-1, 0.5], [4, 4]]],
    ),
    "take-one": (lambda f, x: f["take"](x, np.array(1), 1), (X,), [-2, 4]),
    "take-none": (lambda f, x: f["take"](x, np.zeros(0, int), 1), (X,), [[], []]),
    "take-by-argmax": (
        lambda f, x: f["take"](x, f["argmax"](x, 0), 1),
        (X,),
        [[1, -2, 1], [0.5, 4, 0.5]],
    ),
    "argmax": (lambda f, x: f["argmax"](x, 1), (X,), [2, 1]),
    "argmax-first-axis": (lambda f, x: f["argmax"](x, 0), (X,), [0, 1, 0]),
    "argmax-at-ties": (lambda f, x: f["argmax"](x, -1), (TWO_TIES,), [1, 0]),
    "argmax-of-nan": (lambda f, x: f["argmax"](x, -1), (WITH_NAN,), [1, 0]),
    "pad": (
        lambda f, x: f["pad"](x, [(0, 0), (1, 2)]),
        (X,),
        [[0, 1, -2, 3, 0, 0], [0, 0.5, 4, -1, 0, 0]],
    ),
    "pad-the-batch": (
        lambda f, x: f["pad"](x, ((1, 0), (0, 1)), 1.5),
        (X,),
        [[1.5] * 4, [1, -2, 3, 1.5], [0.5, 4, -1, 1.5]],
    ),
    "pad-by-infinity": (
        lambda f, x: f["pad"](x, [(0, 1), (0, 0)], value=-INF),
        (X,),
        [*X, [-INF] * 3],
    ),
    "pad-by-nothing": (lambda f, x: f["pad"](x, [(0, 0), (0, 0)]), (X,), X),
    "cumsum": (lambda f, x: f["cumsum"](x, 1), (X,), [[1, -1, 2], [0.5, 4.5, 3.5]]),
    "cumsum-first-axis": (lambda f, x: f["cumsum"](x, 0), (X,), [[1, -2, 3], [1.5, 2, 2]]),
    "stop_gradient": (lambda f, x: f["stop_gradient"](x), (X,), X),
    "equal": (
        lambda f, x, y: f["equal"](x, y),
        (X, Y),
        [[True, False, False], [False, True, False]],
    ),
    "not_equal": (
        lambda f, x, y: f["not_equal"](x, y),
        (X, Y),
        [[False, True, True], [True, False, True]],
    ),
    "less": (
        lambda f, x, y: f["less"](x, y),
        (X, Y),
        [[False, True, False], [False, False, True]],
    ),
    "less_equal": (
        lambda f, x, y: f["less_equal"](x, y),
        (X, Y),
        [[True, True, False], [False, True, True]],
    ),
    "greater": (
        lambda f, x, y: f["greater"](x, y),
        (X, Y),
        [[False, False, True], [True, False, False]],
    ),
    "greater_equal": (
        lambda f, x, y: f["greater_equal"](x, y),
        (X, Y),
        [[True, False, True], [True, True, False]],
    ),
    "greater-than-number": (
        lambda f, x: f["greater"](x, 0.5),
        (X,),
        [[True, False, True], [False, True, False]],
    ),
    "less-than-number-first": (
        lambda f, x: f["less"](1, x),
        (X,),
        [[False, False, True], [False, True, False]],
    ),
    "equal-to-nan": (lambda f, x: f["equal"](x, x), ([NAN, 1.0],), [False, True]),
    "not-equal-to-nan": (lambda f, x: f["not_equal"](x, x), ([NAN, 1.0],), [True, False]),
    "clip": (lambda f, x: f["clip"](x, -1.0, 2), (X,), [[1, -1, 2], [0.5, 2, -1]]),
    "clip-of-special": (lambda f, x: f["clip"](x, 0.0, 6.0), ([NAN, INF, -INF],), [NAN, 6, 0]),
    "power": (
        lambda f, x, y: f["power"](x, y),
        ([1.0, 2.0, 4.0, 0.0], [3.0, -2.0, 0.5, 0.0]),
        [1, 0.25, 2, 1],
    ),
    "power-of-number": (lambda f, x: f["power"](2.0, x), ([-1.0, 0.0, 3.0],), [0.5, 1, 8]),
    "power-by-0": (lambda f, x: f["power"](x, 0), ([-1.0, 0.0, NAN],), [1, 1, 1]),
    "power-by-1": (lambda f, x: f["power"](x, 1.0), ([-1.5, 0.0],), [-1.5, 0]),
    "power-by-2": (lambda f, x: f["power"](x, 2), ([-1.5, 0.0, 4.0],), [2.25, 0, 16]),
    "power-by-3": (lambda f, x: f["power"](x, 3), ([-1.5, 0.0, 4.0],), [-3.375, 0, 64]),
    "power-by-fraction": (lambda f, x: f["power"](x, -0.5), ([0.25, 4.0, -1.0],), [2, 0.5, NAN]),
    "sign": (lambda f, x: f["sign"](x), ([-3.0, 0.0, 1e-3, INF, NAN],), [-1, 0, 1, 1, NAN]),
    "one_hot": (
        lambda f, x: f["one_hot"](np.array([[1, 0], [2, -1], [3, 1]]), 3, "float32") * x,
        (1.0,),
        [[[0, 1, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]],
    ),
    "one_hot-of-argmax": (
        lambda f, x: f["one_hot"](f["argmax"](x, 1), 3, "float32"),
        (X,),
        [[0, 0, 1], [0, 1, 0]],
    ),
    "reshape-to-a-shape": (
        lambda f, x: f["reshape"](x, (f["shape"](x)[1], -1)),
        (X,),
        [[1, -2], [3, 0.5], [4, -1]],
    ),
    "pad-by-a-shape": (
        lambda f, x: f["pad"](x, [(0, 0), (0, f["shape"](x)[0])]),
        (X,),
        [[1, -2, 3, 0, 0], [0.5, 4, -1, 0, 0]],
    ),
}
BOOLS = ("equal", "less", "greater", "not")  # beginnings of the rows that give bool

# id: the expression, its tensors, the gradients of its sum for each of them
GRADIENTS: dict[str, tuple[Expression, tuple[Any, ...], tuple[Any, ...]]] = {
    "concatenate": (
        lambda f, x, y, w: f["concatenate"]([x, y, x], 0) * w,
        ([1.0], [2.0, 3.0], [1.0, 10.0, 100.0, 1000.0]),
        ([1001], [10, 100], [1, 2, 3, 1]),
    ),
    "stack": (
        lambda f, x, y: f["stack"]([x, y * 2], 1),
        ([1.0, 2.0], [3.0, 4.0]),
        ([1, 1], [2, 2]),
    ),
    "take": (
        lambda f, x: f["take"](x, np.array([1, 1, 3, 0]), 0),
        ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]],),
        ([[1, 1], [2, 2], [0, 0], [1, 1]],),
    ),
    "take-a-table": (
        lambda f, x: f["take"](x, np.array([[1, 1], [0, 1]]), 1),
        ([[1.0, 2.0, 3.0]],),
        ([[1, 3, 0]],),
    ),
    "take-every-other": (
        lambda f, x: f["take"](x, np.array([0, 2]), -1),
        ([[1.0, 2.0, 3.0, 4.0]],),
        ([[1, 0, 1, 0]],),
    ),
    "take-one": (lambda f, x: f["take"](x, np.array(1), 0), ([[1.0], [2.0]],), ([[0], [1]],)),
    "pad": (
        lambda f, x, w: f["pad"](x, [(1, 1)], 5.0) * w,
        ([1.0, 2.0], [1.0, 10.0, 100.0, 1000.0]),
        ([10, 100], [5, 1, 2, 5]),
    ),
    "cumsum": (lambda f, x: f["cumsum"](x, 0), ([1.0, 2.0, 3.0],), ([3, 2, 1],)),
    "stop_gradient": (lambda f, x: f["stop_gradient"](x) * x, ([2.0, 3.0],), ([2, 3],)),
    # Within its limits, and at them, x is returned.
    "clip": (
        lambda f, x: f["clip"](x, 0.0, 2.0) * 3,
        ([-1.0, 0.0, 1.0, 2.0, 3.0],),
        ([0, 3, 3, 3, 0],),
    ),
    "power": (
        lambda f, x, y: f["power"](x, y),
        ([1.0, 2.0, 0.5], [3.0, 1.0, 0.0]),
        ([3, 1, 0], [0, 2 * np.log(2), np.log(0.5)]),
    ),
    "power-by-0": (lambda f, x: f["power"](x, 0.0) * x, ([0.0, 2.0],), ([1, 1],)),
    "power-by-1": (lambda f, x: f["power"](x, 1), ([0.0, 2.0],), ([1, 1],)),
    "power-by-2": (lambda f, x: f["power"](x, 2.0), ([0.0, -3.0],), ([0, -6],)),
    "power-by-3": (lambda f, x: f["power"](x, 3), ([0.0, -2.0],), ([0, 12],)),
    "sign": (lambda f, x: f["sign"](x) * x, ([-2.0, 0.0, 3.0],), ([-1, 0, 1],)),
}

# id: functions that only move or compare numbers; the result has the type of the first tensor
MOVING: dict[str, Expression] = {
    "concatenate": lambda f, x: f["concatenate"]([x, x], 1),
    "stack": lambda f, x: f["stack"]([x, x], 0),
    "take": lambda f, x: f["take"](x, np.array([1, 0, 2]), 1),
    "pad": lambda f, x: f["pad"](x, [(1, 0), (0, 1)]),
    "stop_gradient": lambda f, x: f["stop_gradient"](x),
    "linear": lambda f, x: f["linear"](x),
    "flip": lambda f, x: f["flip"](x, (1,)),
    "reshape": lambda f, x: f["reshape"](x, (3, -1)),
    "transpose": lambda f, x: f["transpose"](x, (1, 0)),
    "where": lambda f, x: f["where"](f["equal"](x, 1), x, 0),
    "max": lambda f, x: f["max"](x, (1,)),
    "maximum": lambda f, x: f["maximum"](x, f["flip"](x, (1,))),
    "maximum-of-number": lambda f, x: f["maximum"](x, 1),
    "minimum-of-number": lambda f, x: f["minimum"](1, x),
}
BY_NUMPY: Any = {
    **{name: getattr(np, name) for name in ("concatenate", "stack", "take", "pad", "flip", "max")},
    **{name: getattr(np, name) for name in ("reshape", "transpose", "where", "equal", "less")},
    **{name: getattr(np, name) for name in ("maximum", "minimum", "argmax", "greater_equal")},
    "linear": np.array,
    "stop_gradient": np.array,
}
COMPARING: dict[str, Expression] = {
    "equal": lambda f, x: f["equal"](x, f["flip"](x, (1,))),
    "less": lambda f, x: f["less"](x, f["flip"](x, (1,))),
    "greater_equal": lambda f, x: f["greater_equal"](x, 1),
    "argmax": lambda f, x: f["argmax"](x, 1),
}
INTEGERS = np.array([[0, 1, 1], [1, 0, 0]])


@pytest.fixture
def table(backend: Backend) -> Iterator[Backend]:
    """Give each backend in turn, with its 64-bit types."""
    with in_float64(backend.name), np.errstate(invalid="ignore"):  # NumPy warns of power(-1, -0.5)
        yield backend


def numbers(backend: Backend, tensor: Any) -> Any:
    """Return a tensor's values."""
    return np.asarray(backend.to_numpy(tensor))


@pytest.mark.parametrize("row", VALUES)
def test_a_function_gives_numpys_numbers(table: Backend, row: str) -> None:
    """In the tensor's element type, or bool, or for indices a type of integers."""
    expression, arrays, expected = VALUES[row]
    tensors = [table.asarray(np.array(array), "float32") for array in arrays]
    got = numbers(table, expression(table.functions, *tensors))
    np.testing.assert_allclose(got, np.array(expected), rtol=3e-7)
    assert got.shape == np.array(expected).shape
    kind = "b" if row.startswith(BOOLS) else "i" if row.startswith("argmax") else "f"
    assert got.dtype.kind == kind
    if kind == "f":
        assert got.dtype == np.float32


def test_compiled_functions_give_numpys_numbers(table: Backend) -> None:
    """All rows in one compiled function, which puts their results one after the other."""
    functions: Any = table.functions
    arrays = [np.array(array) for _, of_row, _ in VALUES.values() for array in of_row]

    def every(*tensors: Any) -> Any:
        given, results = iter(tensors), []
        for expression, of_row, _ in VALUES.values():
            result = expression(functions, *(next(given) for _ in of_row))
            results.append(functions["reshape"](table.cast(result, "float32"), (-1,)))
        return functions["concatenate"](results, 0)

    got = numbers(table, compiled(table, every)(*(table.asarray(a, "float32") for a in arrays)))
    ends = np.cumsum([np.size(expected) for _, _, expected in VALUES.values()])
    for row, part in zip(VALUES, np.split(got, ends[:-1]), strict=True):
        expected = np.ravel(np.array(VALUES[row][2], float))
        np.testing.assert_allclose(part, expected, rtol=3e-7, err_msg=row)


def compiled(table: Backend, function: Expression) -> Expression:
    """Return the function compiled; by torch without its code generator, which takes a minute."""
    if table.name != "torch":
        return table.compile(function)
    import torch

    return torch.compile(function, backend="aot_eager", fullgraph=True)


@pytest.mark.parametrize("row", GRADIENTS)
def test_the_gradient_of_a_function(table: Backend, row: str) -> None:
    """By hand."""
    if table.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    expression, arrays, expected = GRADIENTS[row]
    differentiate = table.value_and_grad(
        lambda tensors: (table.functions["sum"](expression(table.functions, *tensors)), ())
    )
    _, got = differentiate([table.variable(np.array(a), "float32") for a in arrays])
    for gradient, want in zip(got, expected, strict=True):
        np.testing.assert_allclose(numbers(table, gradient), np.array(want, float), rtol=3e-7)


@pytest.mark.parametrize("dtype", HALF_DTYPES)
@pytest.mark.parametrize("row", ["take", "cumsum", "power", "clip", "sign"])
def test_half_precision_is_rounded_once(table: Backend, row: str, dtype: str) -> None:
    """Results and gradients are float32's, rounded: of 3000 numbers that add up to thousands."""
    if table.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    x = np.random.default_rng(3).uniform(0.5, 2, 3000)
    expressions: dict[str, Expression] = {
        "take": lambda f, x: f["take"](x, np.zeros(3000, int), 0),
        "cumsum": lambda f, x: f["cumsum"](x, 0),
        "power": lambda f, x: f["power"](x, 2.5),
        "clip": lambda f, x: f["clip"](x, 0.75, 1.75),
        "sign": lambda f, x: f["sign"](x),
    }

    def both(dtype: str, numbers_of_x: Any) -> list[Any]:
        def loss(tensors: Any) -> Any:
            result = table.cast(expressions[row](table.functions, tensors[0]), "float32")
            return table.functions["sum"](result), ()

        x = table.variable(numbers_of_x, dtype)
        result = expressions[row](table.functions, x)
        return [result, table.value_and_grad(loss)([x])[1][0]]

    narrow = numbers(table, table.asarray(x, dtype))
    for half, single in zip(both(dtype, narrow), both("float32", narrow), strict=True):
        assert table.describe(half)[1] == dtype
        right = numbers(table, table.cast(single, dtype)).astype(np.float32)
        # What is added in another order may round to the neighbour.
        ulps = 1 if row in ("take", "cumsum", "power") else 0
        step = float(np.spacing(np.float16(1))) if dtype == "float16" else 2.0**-7
        np.testing.assert_allclose(
            numbers(table, half).astype(np.float32), right, rtol=ulps * step, atol=0
        )


@pytest.mark.parametrize("dtype", INTEGER_DTYPES)
@pytest.mark.parametrize("row", [*MOVING, *COMPARING])
def test_integers_pass_through_what_moves_and_compares(
    table: Backend, row: str, dtype: str
) -> None:
    """They keep their type where numbers are moved."""
    expression = MOVING.get(row) or COMPARING[row]
    x = INTEGERS.astype(dtype)
    got = numbers(table, expression(table.functions, table.asarray(x, dtype)))
    want = np.asarray(expression(BY_NUMPY, x))
    np.testing.assert_array_equal(got, want)
    if row in MOVING:
        assert got.dtype == dtype
    else:
        assert got.dtype.kind == ("i" if row == "argmax" else "b")


@pytest.mark.parametrize("dtype", INTEGER_DTYPES)
def test_integers_enter_and_leave(table: Backend, dtype: str) -> None:
    """By `asarray`, `describe`, `cast` and `to_numpy`, with every number that the type has."""
    limits = [0, 1] if dtype == "bool" else [np.iinfo(dtype).min, 0, 7, np.iinfo(dtype).max]
    x = np.array(limits, dtype)
    tensor = table.asarray(x, dtype)
    assert table.owns(tensor)
    assert table.describe(tensor) == ((len(limits),), dtype)
    assert numbers(table, tensor).dtype == dtype
    np.testing.assert_array_equal(numbers(table, tensor), x)
    few = table.asarray(np.array([0, 1, 1]), dtype)
    assert numbers(table, table.cast(few, "float32")).tolist() == [0.0, 1.0, 1.0]
    back = table.cast(table.asarray(np.array([0.0, 1.0]), "float32"), dtype)
    assert table.describe(back) == ((2,), dtype)
    assert numbers(table, back).tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["bool", "int32", "float16", "bfloat16", "float32", "float64"])
def test_one_hot_of_native_integers(table: Backend, dtype: str) -> None:
    """In the element type that is asked for."""
    for indices in ("uint8", "int32", "int64"):
        x = table.asarray(np.array([2, 0, 3]), indices)
        got = table.functions["one_hot"](x, 3, dtype)
        assert table.describe(got) == ((3, 3), dtype)
        want = [[0, 0, 1], [1, 0, 0], [0, 0, 0]]
        assert numbers(table, got).astype(float).tolist() == want


def test_shape_is_a_tuple_of_integers(table: Backend) -> None:
    """Of Python's own, where all sizes are known."""
    for shape in ((), (3,), (2, 0, 4)):
        got = table.functions["shape"](table.asarray(np.zeros(shape), "float32"))
        assert isinstance(got, tuple)
        assert got == shape
        assert all(type(size) is int for size in got)
