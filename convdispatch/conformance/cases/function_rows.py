"""The rows of the table of functions: expressions, and numbers for them.

An expression is written once and evaluated twice: over a backend's tensors and functions, and over
float64 arrays and NumPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.numerics.problem import Array

Functions = Mapping[str, Callable[..., Any]]

# How far an answer may be from the exact one.
EXACT = "exact"  # not at all, once the exact one has the element type
ABSOLUTE = "absolute"  # `bounds.FUNCTION_ULPS` roundings of the larger of 1 and the number
RELATIVE = "relative"  # as many of the number itself
SUM = "sum"  # as a sum of as many products as there are numbers
WIDER = "wider"  # not at all, but the element type may be a wider one


@dataclass(frozen=True, slots=True)
class Row:
    """An expression of functions and tensors, and the tensors' numbers."""

    expression: Callable[..., Any]
    arrays: tuple[Array, ...]
    error: str = ABSOLUTE


def _erf(x: Array) -> Array:
    values: Array = np.vectorize(math.erf, otypes=[np.float64])(x)
    return values


def _erfc(x: Array) -> Array:
    values: Array = np.vectorize(math.erfc, otypes=[np.float64])(x)
    return values


def _sigmoid(x: Array) -> Array:
    decay = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, decay, 1.0) / (1 + decay))


def _one_hot(indices: Array, depth: int) -> Array:
    return np.asarray(indices[..., None] == np.arange(depth))


# NumPy's own, and what it lacks.
REFERENCE: Functions = {
    "abs": np.abs, "erf": _erf, "erfc": _erfc, "exp": np.exp, "expm1": np.expm1,
    "linear": np.positive,
    "log": np.log, "log1p": np.log1p, "relu": lambda x: np.maximum(x, 0), "sigmoid": _sigmoid,
    "sqrt": np.sqrt, "tanh": np.tanh, "maximum": np.maximum, "minimum": np.minimum,
    "where": np.where, "max": np.max, "mean": np.mean, "sum": np.sum, "flip": np.flip,
    "matmul": np.matmul, "reshape": np.reshape, "transpose": np.transpose,
    "argmax": np.argmax, "clip": np.clip, "concatenate": np.concatenate, "cumsum": np.cumsum,
    "equal": np.equal, "greater": np.greater, "greater_equal": np.greater_equal, "less": np.less,
    "less_equal": np.less_equal, "not_equal": np.not_equal, "power": np.power, "sign": np.sign,
    "shape": np.shape, "stack": np.stack, "stop_gradient": np.positive, "take": np.take,
    "one_hot": lambda indices, depth, dtype: _one_hot(indices, depth).astype(dtype),
    "pad": lambda x, pads, value=0.0: np.pad(x, pads, constant_values=value),
}  # fmt: skip

_A = np.array([[-2.0, -0.5, 0.0], [0.25, 1.0, 3.0]])
_B = np.array([[1.5, -1.0, 0.0], [0.25, -4.0, 2.0]])
_CUBE = np.arange(-12, 12).reshape(2, 3, 4) / 8
_THIRDS = _CUBE * 8 / 3  # no digit of which is zero for long
_POSITIVE = np.array([1e-3, 0.3, 0.99, 1.0, 1.01, 2.0, 9.0, 1e3])
_LINE = np.array([-9.0, -3.3, -1.1, -0.7, -0.1, 0.0, 0.2, 0.6, 1.3, 2.9, 8.0])
_TINY = np.array([-1e-3, -1e-4, -6e-5, 0.0, 6e-5, 1e-4, 1e-3])
_EXPONENTS = np.array([2, -1.5, 0.5, 7, -3, 0.0])
_FAR = np.array([-1000.0, 1000.0])
_SPECIAL = np.array([np.nan, np.inf, -np.inf])
_WITH_NAN = np.array([[np.nan, 1.0, 2.0], [3.0, np.nan, -1.0], [0.0, 1.0, 2.0]])
_ONES = np.ones((4096, 2))
# Sums beyond 65504 on the way to results that every element type has.
_LARGE = np.repeat([60.0, -60.0, 0.5], [2000, 2000, 1])[:, None]
_SIDES = np.array([[300.0, 300.0, 0.5]])


def _nan_at_each(n: int) -> Array:
    """Return rows of n numbers with NaN at each place: rising, falling, alike, and by turns."""
    rising = np.arange(n) - n / 2
    orders = (rising, rising[::-1], np.ones(n), rising * (-1) ** np.arange(n))
    at_each = np.eye(n, dtype=bool)
    return np.concatenate([np.where(at_each, np.nan, order) for order in orders])


def _of_one(name: str) -> Callable[[Functions, Any], Any]:
    return lambda f, x: f[name](x)


def _of_two(name: str) -> Callable[[Functions, Any, Any], Any]:
    return lambda f, x, y: f[name](x, y)


def _chosen_by(name: str) -> Callable[[Functions, Any, Any], Any]:
    return lambda f, x, y: f["where"](f[name](x, y), x, 7.0)


def _over(name: str, **options: Any) -> Callable[[Functions, Any], Any]:
    return lambda f, x: f[name](x, **options)


ELEMENTWISE: dict[str, Row] = {
    **{name: Row(_of_one(name), (_LINE,)) for name in ("erf", "exp", "expm1", "sigmoid", "tanh")},
    "erfc": Row(_of_one("erfc"), (_LINE,)),
    **{name: Row(_of_one(name), (_LINE,), EXACT) for name in ("abs", "linear", "relu")},
    **{name: Row(_of_one(name), (_POSITIVE,)) for name in ("log", "log1p")},
    "sqrt": Row(_of_one("sqrt"), (_POSITIVE,), RELATIVE),
    "sqrt-of-squares": Row(_of_one("sqrt"), (np.arange(12.0) ** 2,), EXACT),
    # Where 1 + x loses the digits of x.
    **{
        f"{name}-near-zero": Row(_of_one(name), (_TINY,), RELATIVE)
        for name in ("expm1", "log1p", "erf", "tanh")
    },
    # Where 1 - erf(x) cancels.
    "erfc-tail": Row(_of_one("erfc"), (np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),), RELATIVE),
    # Where a formula written down carelessly overflows.
    **{
        f"{name}-far-out": Row(_of_one(name), (_FAR,), EXACT)
        for name in ("erf", "erfc", "exp", "expm1", "sigmoid", "tanh", "relu", "abs")
    },
    **{
        f"{name}-of-special": Row(_of_one(name), (_SPECIAL,), EXACT)
        for name in ("abs", "erf", "erfc", "exp", "expm1", "linear", "relu", "sigmoid", "tanh")
    },
    "log-of-special": Row(_of_one("log"), (np.array([np.nan, np.inf, 0.0, -1.0, 1.0]),), EXACT),
    "log1p-of-special": Row(_of_one("log1p"), (np.array([np.nan, np.inf, -1.0, -2.0]),), EXACT),
    "sqrt-of-special": Row(_of_one("sqrt"), (np.array([np.nan, np.inf, -1.0, 0.0]),), EXACT),
    **{
        row_id: row
        for name in ("maximum", "minimum")
        for row_id, row in {
            name: Row(_of_two(name), (_A, _B), EXACT),
            f"{name}-broadcasts": Row(_of_two(name), (_A, _B[:, :1]), EXACT),
            f"{name}-of-nan": Row(_of_two(name), (_WITH_NAN, _WITH_NAN[::-1]), EXACT),
        }.items()
    },
    "maximum-of-number-first": Row(lambda f, x: f["maximum"](0.25, x), (_A,), EXACT),
    "minimum-of-number-first": Row(lambda f, x: f["minimum"](0.25, x), (_A,), EXACT),
    "where-of-number-first": Row(lambda f, x: f["where"](x > 0, 0.5, x), (_A,), EXACT),
    "maximum-of-number": Row(lambda f, x: f["maximum"](x, 0.25), (_A,), EXACT),
    "maximum-of-integer": Row(lambda f, x: f["maximum"](x, 0), (_WITH_NAN,), EXACT),
    "minimum-of-number": Row(lambda f, x: f["minimum"](x, 0.25), (_A,), EXACT),
    "minimum-of-integer": Row(lambda f, x: f["minimum"](x, 0), (_WITH_NAN,), EXACT),
    "where": Row(lambda f, x, y: f["where"](x > 0, x, y), (_A, _B), EXACT),
    "where-of-number": Row(lambda f, x: f["where"](x > 0, x, 0.5), (_A,), EXACT),
    "where-of-integer": Row(lambda f, x: f["where"](x > 0, 1, x), (_A,), EXACT),
    **{
        f"{name}-by-name": Row(_chosen_by(name), (_A, _B), EXACT)
        for name in ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
    },
    **{
        f"{name}-of-nan": Row(_chosen_by(name), (_WITH_NAN, _WITH_NAN[::-1]), EXACT)
        for name in ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
    },
    # The number gets the tensor's element type.
    "equal-to-number": Row(lambda f, x: f["where"](f["equal"](x, 0.25), x, -x), (_A,), EXACT),
    "number-less": Row(lambda f, x: f["where"](f["less"](0.1, x), x, 0.0), (_A,), EXACT),
    "clip": Row(lambda f, x: f["clip"](x, -0.5, 2), (_A,), EXACT),
    "clip-of-special": Row(lambda f, x: f["clip"](x, -1.0, 6.0), (_SPECIAL,), EXACT),
    "sign": Row(_of_one("sign"), (_A,), EXACT),
    "sign-of-special": Row(_of_one("sign"), (_SPECIAL,), EXACT),
    "stop_gradient": Row(_of_one("stop_gradient"), (_SPECIAL,), EXACT),
    "power": Row(_of_two("power"), (_POSITIVE[1:7], _EXPONENTS), RELATIVE),
    "power-of-negative": Row(lambda f, x: f["power"](x, 3), (_A,), RELATIVE),
    "power-by-zero": Row(lambda f, x: f["power"](x, 0), (_A,), EXACT),
    "power-of-number": Row(lambda f, x: f["power"](2.0, x), (_B,), RELATIVE),
    "where-hides-nan": Row(lambda f, x: f["where"](x >= 0, x, 0.0), (_WITH_NAN,), EXACT),
    "operators-of-numbers": Row(lambda _, x: (1 - x) * 3 + x / 4 - 2 * x, (_A,), WIDER),
    "operators-of-tensors": Row(lambda _, x, y: (x + y) * (x - y) / 2, (_A, _B), WIDER),
    "negation-and-power": Row(lambda _, x: -x + x**2, (_A,), WIDER),
    "less": Row(lambda f, x, y: f["where"](x < y, x, 0 * y), (_A, _B), WIDER),
    "not-less": Row(lambda f, x, y: f["where"](x >= y, x, 0 * y), (_A, _B), WIDER),
    "more-than-number": Row(lambda f, x: f["where"](x > 0.25, x, -x), (_A,), WIDER),
    "not-more-than-number": Row(lambda f, x: f["where"](x <= 0.25, x, -x), (_A,), WIDER),
}  # fmt: skip

MOVING: dict[str, Row] = {
    "flip": Row(lambda f, x: f["flip"](x, (0, 1, 2)), (_CUBE,), EXACT),
    "flip-one-axis": Row(lambda f, x: f["flip"](x, (1,)), (_CUBE,), EXACT),
    "flip-last-axis": Row(lambda f, x: f["flip"](x, (-1,)), (_CUBE,), EXACT),
    "transpose": Row(lambda f, x: f["transpose"](x, (2, 0, 1)), (_CUBE,), EXACT),
    "transpose-swap": Row(lambda f, x: f["transpose"](x, (0, 2, 1)), (_CUBE,), EXACT),
    "transpose-negative-axes": Row(lambda f, x: f["transpose"](x, (-1, 0, 1)), (_CUBE,), EXACT),
    "reshape": Row(lambda f, x: f["reshape"](x, (4, 6)), (_CUBE,), EXACT),
    "reshape-inferred": Row(lambda f, x: f["reshape"](x, (-1, 2, 1)), (_CUBE,), EXACT),
    "reshape-to-scalar": Row(lambda f, x: f["reshape"](x, ()), (_A[:1, :1],), EXACT),
    "reshape-of-transposed": Row(
        lambda f, x: f["reshape"](f["transpose"](x, (2, 1, 0)), (24,)), (_CUBE,), EXACT
    ),
    "concatenate": Row(lambda f, x, y: f["concatenate"]([x, y], 0), (_A, _B), EXACT),
    "concatenate-last-axis": Row(
        lambda f, x, y: f["concatenate"]((x, y, x), -1), (_A, _B[:, :1]), EXACT
    ),
    "stack": Row(lambda f, x, y: f["stack"]([x, y], 1), (_A, _B), EXACT),
    "stack-last-axis": Row(lambda f, x, y: f["stack"]((x, y), -1), (_A, _B), EXACT),
    "take": Row(lambda f, x: f["take"](x, np.array([2, 0, 0, 1]), 1), (_CUBE,), EXACT),
    "take-last-axis": Row(lambda f, x: f["take"](x, np.array([3, 1]), -1), (_CUBE,), EXACT),
    "take-a-table": Row(lambda f, x: f["take"](x, np.array([[0, 1], [2, 2]]), 1), (_CUBE,), EXACT),
    "take-by-argmax": Row(lambda f, x: f["take"](x, f["argmax"](x, 0), 1), (_A,), EXACT),
    # The first of several, and NaN before all.
    "argmax-at-ties": Row(
        lambda f, x: f["take"](f["flip"](x, (1,)), f["argmax"](f["abs"](x), 1), 1),
        (np.array([[1.0, -2.0, 2.0], [3.0, 0.5, -3.0]]),),
        EXACT,
    ),
    "argmax-of-nan": Row(lambda f, x: f["take"](x, f["argmax"](x, 1), 0), (_WITH_NAN,), EXACT),
    "one_hot": Row(
        lambda f, x: f["where"](f["one_hot"](np.array([2, -1, 3]), 3, "bool"), x, -x),
        (_WITH_NAN,),
        EXACT,
    ),
    "one_hot-of-argmax": Row(
        lambda f, x: f["where"](f["one_hot"](f["argmax"](x, 1), 3, "bool"), x, 0.0), (_A,), EXACT
    ),
    "pad": Row(lambda f, x: f["pad"](x, ((1, 0), (0, 2), (2, 1))), (_CUBE,), EXACT),
    "pad-by-infinity": Row(lambda f, x: f["pad"](x, [(0, 1), (1, 0)], -np.inf), (_A,), EXACT),
    "reshape-to-its-shape": Row(
        lambda f, x: f["reshape"](x, (f["shape"](x)[2], -1)), (_CUBE,), EXACT
    ),
    "flip-of-special": Row(lambda f, x: f["flip"](x, (0,)), (_SPECIAL,), EXACT),
}

_OVER: dict[str, dict[str, Any]] = {
    "": {},
    "-axis": {"axis": (1,)},
    "-axes": {"axis": (0, 2)},
    "-no-axis": {"axis": ()},
    "-last-axis": {"axis": (-1,)},
    "-keepdims": {"axis": (0, 1), "keepdims": True},
    "-all-keepdims": {"keepdims": True},
}

REDUCING: dict[str, Row] = {
    **{
        f"{name}{slug}": Row(_over(name, **options), (_THIRDS,), EXACT if name == "max" else SUM)
        for name in ("max", "mean", "sum")
        for slug, options in _OVER.items()
    },
    **{
        f"{name}-of-nan": Row(_over(name, axis=(1,)), (_WITH_NAN,), EXACT)
        for name in ("max", "mean", "sum")
    },
    "sum-of-infinities": Row(_of_one("sum"), (_SPECIAL[1:],), EXACT),
    **{
        f"max-of-nan-among-{n}-{slug}": Row(_over("max", axis=(axis,)), (array,), EXACT)
        for n in (3, 17)
        for slug, axis, array in (("rows", 1, _nan_at_each(n)), ("columns", 0, _nan_at_each(n).T))
    },
    "max-of-infinities": Row(_of_one("max"), (_SPECIAL[1:],), EXACT),
    "sum-of-nothing": Row(_over("sum", axis=(0,)), (np.zeros((0, 2)),), EXACT),
    # A sum kept in half precision stops growing long before.
    **{
        f"{name}-of-many{slug}": Row(_over(name, **options), (_ONES,), EXACT)
        for name in ("mean", "sum")
        for slug, options in {"": {}, "-axis": {"axis": (0,)}}.items()
    },
    "cumsum": Row(lambda f, x: f["cumsum"](x, 1), (_THIRDS,), SUM),
    "cumsum-last-axis": Row(lambda f, x: f["cumsum"](x, -1), (_THIRDS,), SUM),
    "cumsum-of-many": Row(
        lambda f, x: f["take"](f["cumsum"](x, 0), np.array([63, 4095]), 0), (_ONES,), EXACT
    ),
    "mean-of-large": Row(_over("mean", axis=(0,)), (60 * _ONES,), EXACT),
    "sum-that-falls": Row(_over("sum", axis=(0,)), (_LARGE,), EXACT),
    "matmul-that-falls": Row(_of_two("matmul"), (_SIDES, np.array([[300.0], [-300], [1]])), EXACT),
    "matmul": Row(_of_two("matmul"), (_A, _B.T), SUM),
    "matmul-batched": Row(_of_two("matmul"), (_THIRDS, _CUBE[0].T), SUM),
    "matmul-of-batches": Row(_of_two("matmul"), (_THIRDS, _THIRDS.swapaxes(1, 2)), SUM),
    "matmul-of-vector": Row(_of_two("matmul"), (_A[0], _B.T), SUM),
    "matmul-by-vector": Row(_of_two("matmul"), (_A, _B[0]), SUM),
    "matmul-of-many": Row(_of_two("matmul"), (_ONES.T, _ONES[:, :1] * 0.75), SUM),
}

EVERY: dict[str, Row] = {**ELEMENTWISE, **MOVING, **REDUCING}
