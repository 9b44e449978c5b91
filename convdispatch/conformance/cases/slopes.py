"""Slopes of the table's functions of several tensors, along axes and of places.

Each is differentiated as 0.5 times the sum of what it gives; the gradients are written down by
hand. Half precision's are computed in float32 too, and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, spacing, worst
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Tensor

Functions = Mapping[str, Callable[..., Any]]

_A = np.array([[-2.0, -0.5, 0.25], [0.5, 1.0, 3.0]])
_B = np.array([[1.5, -1.0, 0.5], [0.25, -4.0, 2.0]])
_POSITIVE = np.array([0.25, 0.5, 1.0, 1.75, 9.0])
_LINE = np.array([-3.0, -0.75, 0.25, 1.25, 4.0])
_W = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
_UNITS = 3 * bounds.FUNCTION_ULPS


@dataclass(frozen=True)
class SlopeRow:
    """A function of tensors, where its slope is asked for, and the gradients of its sum."""

    expression: Callable[..., Any]
    arrays: tuple[Array, ...]
    slopes: Callable[..., tuple[Any, ...]]


def _ones(*arrays: Array) -> tuple[Array, ...]:
    return tuple(np.ones_like(array) for array in arrays)


def _once_a_row(x: Array) -> tuple[Array, ...]:
    return ((x == x.max(1, keepdims=True)) * 1.0,)


ROWS: dict[str, SlopeRow] = {
    "clip": SlopeRow(
        lambda f, x: f["clip"](x, -1.0, 2.0), (_LINE,), lambda x: ((x >= -1) * 1.0 * (x <= 2),)
    ),
    "clip-at-its-ends": SlopeRow(
        lambda f, x: f["clip"](x, -0.75, 1.25), (_LINE,), lambda x: ([0, 1, 1, 1, 0],)
    ),
    "power-of-tensor": SlopeRow(
        lambda f, x: f["power"](x, 2.5), (_POSITIVE,), lambda x: (2.5 * x**1.5,)
    ),
    "power-of-negative": SlopeRow(lambda f, x: f["power"](x, 3), (_LINE,), lambda x: (3 * x**2,)),
    "power-of-number": SlopeRow(
        lambda f, x: f["power"](2.0, x), (_LINE,), lambda x: (np.log(2) * 2.0**x,)
    ),
    "power": SlopeRow(
        lambda f, x, y: f["power"](x, y),
        (_POSITIVE, _LINE),
        lambda x, y: (y * x ** (y - 1), np.log(x) * x**y),
    ),
    "maximum": SlopeRow(
        lambda f, x, y: f["maximum"](x, y),
        (_A, _B),
        lambda x, y: ((x > y) * 1.0, (x < y) * 1.0),
    ),
    "minimum-of-number": SlopeRow(
        lambda f, x: f["minimum"](x, 0.375), (_A,), lambda x: ((x < 0.375) * 1.0,)
    ),
    "where": SlopeRow(
        lambda f, x, y: f["where"](f["greater"](x, 0.0), x, y),
        (_A, _B),
        lambda x, y: ((x > 0) * 1.0, (x <= 0) * 1.0),
    ),
    "where-broadcasts": SlopeRow(
        lambda f, x, y: f["where"](f["greater"](x, 0.0), x, y),
        (_A, _B[:, :1]),
        lambda x, y: ((x > 0) * 1.0, (x <= 0).sum(1, keepdims=True) * 1.0),
    ),
    "where-of-fewer-axes": SlopeRow(
        lambda f, x, y: f["where"](f["greater"](x, 0.0), x, y),
        (_A, _B[0]),
        lambda x, y: ((x > 0) * 1.0, (x <= 0).sum(0) * 1.0),
    ),
    "maximum-broadcasts": SlopeRow(
        lambda f, x, y: f["maximum"](x, y),
        (_A, _B[:, :1]),
        lambda x, y: ((x > y) * 1.0, (x < y).sum(1, keepdims=True) * 1.0),
    ),
    "sign": SlopeRow(lambda f, x: f["sign"](x), (_LINE,), lambda x: (0 * x,)),
    "stop_gradient": SlopeRow(lambda f, x: f["stop_gradient"](x) * x, (_LINE,), lambda x: (x,)),
    "stop_gradient-of-all": SlopeRow(
        lambda f, x: f["stop_gradient"](x * x) + x, (_LINE,), lambda x: (x**0,)
    ),
    "cumsum": SlopeRow(lambda f, x: f["cumsum"](x, 0), (_LINE,), lambda x: (_W[::-1],)),
    "cumsum-of-rows": SlopeRow(
        lambda f, x: f["cumsum"](x, -1), (_A,), lambda x: ([[3, 2, 1]] * 2,)
    ),
    "concatenate": SlopeRow(
        lambda f, x, y: f["concatenate"]([x, y, x], 1), (_A, _B), lambda x, y: (0 * x + 2, y**0)
    ),
    "stack": SlopeRow(
        lambda f, x, y: f["stack"]([x, x * x, y], 0), (_A, _B), lambda x, y: (1 + 2 * x, y**0)
    ),
    "take-repeatedly": SlopeRow(
        lambda f, x: f["take"](x, np.array([2, 0, 2, 2]), 1), (_A,), lambda x: ([[1, 0, 3]] * 2,)
    ),
    "take-a-table": SlopeRow(
        lambda f, x: f["take"](x, np.array([[4, 4], [0, 1]]), 0),
        (_LINE,),
        lambda x: ([1, 1, 0, 0, 2],),
    ),
    "pad": SlopeRow(
        lambda f, x: f["pad"](x, [(1, 0), (2, 1)], 5.0) * 2, (_A,), lambda x: (0 * x + 2,)
    ),
    "flip": SlopeRow(lambda f, x: f["flip"](x, (0,)) * x, (_LINE,), lambda x: (2 * x[::-1],)),
    "transpose": SlopeRow(
        lambda f, x, y: f["transpose"](x, (1, 0)) * f["transpose"](y, (1, 0)),
        (_A, _B),
        lambda x, y: (y, x),
    ),
    "reshape": SlopeRow(
        lambda f, x: f["reshape"](x, (-1,)) * f["reshape"](x, (6,)), (_A,), lambda x: (2 * x,)
    ),
    "max-of-rows": SlopeRow(lambda f, x: f["max"](x, axis=(1,)), (_A,), _once_a_row),
    "max": SlopeRow(lambda f, x: f["max"](x), (_LINE,), lambda x: ([0, 0, 0, 0, 1],)),
    "mean": SlopeRow(lambda f, x: f["mean"](x * x, axis=(0,)), (_LINE,), lambda x: (2 * x / 5,)),
    "sum": SlopeRow(
        lambda f, x: f["sum"](x * x, axis=(0,), keepdims=True), (_A,), lambda x: (2 * x,)
    ),
    "matmul": SlopeRow(
        lambda f, x, y: f["matmul"](x, f["transpose"](y, (1, 0))),
        (_A, _B),
        lambda x, y: (np.ones((2, 1)) * y.sum(0), np.ones((2, 1)) * x.sum(0)),
    ),
    "matmul-of-stacks": SlopeRow(
        lambda f, x, y: f["matmul"](x, y),
        (np.stack([_A, _B]), _A.T),
        lambda x, y: (np.ones((2, 2, 1)) * y.sum(1), (x.sum((0, 1))[:, None] * np.ones((3, 2)))),
    ),
    "one_hot-chooses": SlopeRow(
        lambda f, x: f["where"](f["one_hot"](np.array([2, 0]), 3, "bool"), x, 0.0),
        (_A,),
        lambda x: ([[0, 0, 1], [1, 0, 0]],),
    ),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield every row in each element type; `seed` changes nothing here."""
    for slug in ROWS:
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/grad/several-{slug}-{dtype}",
                level="grad",
                op="functions",
                claim="Each gradient is the derivative's value.",
                check=slopes,
                arguments=(slug, dtype),
                features=(dtype, "gradients"),
            )


def slopes(backend: Backend, slug: str, dtype: str) -> Measured:
    """Compare the gradients of half the sum of the function's values with those by hand."""
    row = ROWS[slug]
    arrays = [round_to(array, dtype) for array in row.arrays]
    total, functions = backend.functions["sum"], backend.functions

    def fn(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        value: Any = row.expression(functions, *tensors)
        return total(value * 0.5), None

    tensors = [backend.asarray(array, dtype) for array in arrays]
    _, found = backend.value_and_grad(fn)(tensors)
    if len(found) != len(arrays):
        raise Mismatch(f"{len(found)} gradients came back for {len(arrays)} tensors")
    measured = []
    for number, (gradient, slope) in enumerate(zip(found, row.slopes(*arrays), strict=True), 1):
        want = 0.5 * np.asarray(slope, np.float64)
        got = np.asarray(backend.to_numpy(gradient))
        limits = _limits(want, dtype)
        measured.append(require_within(got, want, limits, dtype, f"gradient {number}"))
    return worst(measured)


def _limits(want: Array, dtype: str) -> Array:
    """Return the largest errors: of a few functions' values, and of one rounding to half.

    Where two half tensors are multiplied by an operator the product may be rounded as well.
    """
    computed_in = "float32" if dtype in HALF_DTYPES else dtype
    limits: Array = _UNITS * bounds.unit_roundoff(computed_in) * np.maximum(1, np.abs(want))
    return limits + 2 * spacing(want, dtype) if dtype in HALF_DTYPES else limits
