"""Slopes of functions at kinks and ties, of tensors that broadcast in drawn shapes.

The numbers and the weights of the results are small and whole, so that every gradient is exact. At
a tie a maximum has no derivative: any number between 0 and the weight will do as the slope of each
side, as long as the two add up to the weight.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases.drawn_shapes import Random, axes_of, broadcasting, shape_of
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.drawing import draw
from convdispatch.numerics.problem import Array
from convdispatch.ops import FLOAT_DTYPES, Backend, Shape, Tensor

# Draws of a case. Some frameworks compile each.
_DRAWS = {"float16": 3, "bfloat16": 2, "float32": 5, "float64": 3}
# A maximum of three ties may give a third to each.
_THIRDS = 2.0**-7


@dataclass(frozen=True)
class Drawn:
    """Tensors, what is computed of them, and the least and the greatest right slopes."""

    arrays: tuple[Array, ...]
    weight: Array
    compute: Callable[[Any, Sequence[Any]], Any]  # of a table of functions and tensors
    least: tuple[Array, ...]
    greatest: tuple[Array, ...]
    shares: bool = False  # whether the slopes add up to the weight, however ties are shared


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each function of several tensors and each with a kink, in each type."""
    for name in _DRAWN:
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/grad/drawn-{name}-{dtype}",
                level="grad",
                op="functions",
                claim="Slopes are right at kinks and ties, and for tensors that broadcast.",
                check=slopes,
                arguments=(name, dtype, seed),
                features=(dtype, "gradients"),
            )


def slopes(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Differentiate the weighted sum of what the function gives, and look at each gradient."""
    total, functions = backend.functions["sum"], backend.functions
    measured = []
    for drawn in draws(name, dtype, seed):
        weight: Any = backend.asarray(drawn.weight, dtype)

        def fn(
            tensors: Sequence[Tensor], drawn: Drawn = drawn, weight: Any = weight
        ) -> tuple[Tensor, None]:
            return total(drawn.compute(functions, tensors) * weight), None

        tensors = [backend.asarray(array, dtype) for array in drawn.arrays]
        with np.errstate(all="ignore"):
            _, found = backend.value_and_grad(fn)(tensors)
        got = [np.asarray(backend.to_numpy(gradient)) for gradient in found]
        what = f"of {name!r} of {', '.join(str(array.shape) for array in drawn.arrays)}"
        measured.append(_require_between(got, drawn, dtype, what))
    return worst(measured)


def draws(name: str, dtype: str, seed: int) -> Iterator[Drawn]:
    """Yield what a case computes."""
    random = np.random.default_rng((seed, zlib.crc32(f"{name}-{dtype}".encode())))
    for _ in range(_DRAWS[dtype]):
        yield _DRAWN[name](random)


def _require_between(found: Sequence[Array], drawn: Drawn, dtype: str, what: str) -> Measured:
    if len(found) != len(drawn.arrays):
        raise Mismatch(f"{len(found)} gradients came back for {len(drawn.arrays)} tensors")
    measured = []
    rows = enumerate(zip(found, drawn.least, drawn.greatest, strict=True), 1)
    for number, (got, least, greatest) in rows:
        middle, half = (least + greatest) / 2, (greatest - least) / 2
        measured.append(require_within(got, middle, half, dtype, f"gradient {number} {what}"))
    if drawn.shares:
        together = float(sum(got.astype(np.float64).sum() for got in found))
        whole = float(drawn.weight.sum())
        if abs(together - whole) > _THIRDS * np.abs(drawn.weight).sum():
            raise Mismatch(f"the gradients {what} add up to {together:g}; expected {whole:g}")
    return worst(measured)


def _to(shape: Shape, values: Array) -> Array:
    """Return the sums over the axes along which a tensor of that shape was repeated."""
    more = values.ndim - len(shape)
    values = values.sum(tuple(range(more)))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return np.asarray(values.sum(repeated, keepdims=True))


def _weights(random: Random, shape: Shape) -> Array:
    return np.asarray(random.choice((-2.0, -1.0, 1.0, 2.0), shape))


def _exactly(
    random: Random,
    arrays: tuple[Array, ...],
    shape: Shape,
    compute: Callable[[Any, Sequence[Any]], Any],
    slopes_of: Callable[[Array], tuple[Array, ...]],
) -> Drawn:
    """Return what has one right slope for each number, `slopes_of(weight)`, before the sums."""
    weight = _weights(random, shape)
    exact = tuple(
        _to(array.shape, np.broadcast_to(slope, shape) * 1.0)
        for array, slope in zip(arrays, slopes_of(weight), strict=True)
    )
    return Drawn(arrays, weight, compute, exact, exact)


def _choosing(name: str, sign: int) -> Callable[[Random], Drawn]:
    """Return what draws a maximum, or by the sign a minimum, of two tensors or with a number."""

    def drawn(random: Random) -> Drawn:
        shapes = broadcasting(random, 2, most=3)
        x, y = (draw("ternary", random, 0, shape) for shape in shapes)
        if random.random() < 0.25:
            return _with_number(np.asarray(x), float(random.integers(-1, 2)))
        weight = _weights(random, np.broadcast_shapes(*shapes))
        more, tie = sign * (x - y) > 0, x == y
        ends = [
            tuple(_to(shape, weight * sure + end(weight * tie, 0)) for end in _ENDS)
            for shape, sure in zip(shapes, (more, ~more & ~tie), strict=True)
        ]
        least, greatest = zip(*ends, strict=True)
        arrays = (np.asarray(x), np.asarray(y))
        return Drawn(arrays, weight, lambda f, t: f[name](*t), least, greatest, shares=True)

    def _with_number(x: Array, number: float) -> Drawn:
        sure = np.asarray(1.0 * (sign * (x - number) > 0))
        least, greatest = (sure,), (sure + (x == number),)
        return Drawn((x,), np.ones(x.shape), lambda f, t: f[name](t[0], number), least, greatest)

    return drawn


_ENDS = (np.minimum, np.maximum)


def _max(random: Random) -> Drawn:
    x = np.asarray(draw("ternary", random, 0, shape_of(random, most=3, may_be_empty=False)))
    axis = axes_of(random, x.ndim) or None
    top = np.asarray(x.max(axis, keepdims=True))
    weight = _weights(random, top.shape)
    at = (x == top) * weight
    is_alone = (x == top).sum(axis, keepdims=True) == 1
    least, greatest = (np.asarray(np.where(is_alone, at, end(at, 0))) for end in _ENDS)

    def compute(f: Any, t: Sequence[Any]) -> Any:
        return f["max"](t[0], axis=axis, keepdims=True)

    return Drawn((x,), weight, compute, (least,), (greatest,), shares=True)


def _where(random: Random) -> Drawn:
    shapes = broadcasting(random, 3, most=3)
    c, x, y = (np.asarray(draw("ternary", random, 0, shape)) for shape in shapes)
    condition = c > 0
    return _exactly(
        random,
        (c, x, y),
        np.broadcast_shapes(*shapes),
        lambda f, t: f["where"](f["greater"](t[0], 0.0), t[1], t[2]),
        lambda w: (0 * w, w * condition, w * ~condition),
    )


def _operator(
    compute: Callable[[Any, Any], Any], slopes_of: Callable[..., tuple[Array, ...]]
) -> Callable[[Random], Drawn]:
    def drawn(random: Random) -> Drawn:
        shapes = broadcasting(random, 2, most=3)
        x = np.asarray(draw("ternary", random, 0, shapes[0]))
        y = _weights(random, shapes[1])  # none is zero
        shape = np.broadcast_shapes(*shapes)
        return _exactly(
            random, (x, y), shape, lambda f, t: compute(*t), lambda w: slopes_of(w, x, y)
        )

    return drawn


def _power(random: Random) -> Drawn:
    x = np.asarray(draw("ternary", random, 0, shape_of(random, most=3)))
    exponent = (1, 2, 3, 2.0, 3.0)[random.integers(5)]
    slope = exponent * x ** (exponent - 1)
    return _exactly(
        random, (x,), x.shape, lambda f, t: f["power"](t[0], exponent), lambda w: (w * slope,)
    )


def _of_one(
    compute: Callable[[Any, Any], Any], slope: Callable[[Array], Array]
) -> Callable[[Random], Drawn]:
    def drawn(random: Random) -> Drawn:
        x = np.asarray(draw("ternary", random, 0, shape_of(random, most=3)))
        return _exactly(
            random, (x,), x.shape, lambda f, t: compute(f, t[0]), lambda w: (w * slope(x),)
        )

    return drawn


def _matmul(random: Random) -> Drawn:
    rows, inner, columns = (int(size) for size in random.integers(1, 4, 3))
    left, right = (((1,), (3,)), ((2,), (1,)), broadcasting(random, 2, most=2))[random.integers(3)]
    a = np.asarray(draw("ternary", random, 0, (*left, rows, inner)))
    b = np.asarray(draw("ternary", random, 0, (*right, inner, columns)))
    weight = _weights(random, np.matmul(a, b).shape)
    exact = (
        _to(a.shape, np.matmul(weight, b.swapaxes(-1, -2))),
        _to(b.shape, np.matmul(a.swapaxes(-1, -2), weight)),
    )
    return Drawn((a, b), weight, lambda f, t: f["matmul"](*t), exact, exact)


_DRAWN: dict[str, Callable[[Random], Drawn]] = {
    "maximum": _choosing("maximum", 1),
    "minimum": _choosing("minimum", -1),
    "max": _max,
    "where": _where,
    "matmul": _matmul,
    "power": _power,
    "plus": _operator(lambda x, y: x + y, lambda w, x, y: (w, w)),
    "minus": _operator(lambda x, y: x - y, lambda w, x, y: (w, -w)),
    "times": _operator(lambda x, y: x * y, lambda w, x, y: (w * y, w * x)),
    "quotient": _operator(lambda x, y: x / y, lambda w, x, y: (w / y, -w * x / y**2)),
    "abs": _of_one(lambda f, x: f["abs"](x), np.sign),
    "relu": _of_one(lambda f, x: f["relu"](x), lambda x: 1.0 * (x > 0)),
    "clip": _of_one(lambda f, x: f["clip"](x, -1.0, 0.0), lambda x: 1.0 * (x <= 0)),
    "sign": _of_one(lambda f, x: f["sign"](x), lambda x: 0 * x),
}
