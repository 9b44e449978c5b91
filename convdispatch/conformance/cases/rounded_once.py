"""Half precision is computed in float32 and rounded once, at the end.

The numbers are whole, so that every sum in float32 is exact and there is one right answer: the
exact result, rounded. Sums leave float16's range on the way to results within it; others end
between two numbers, where cutting off or rounding before the bias shows; the numbers of a bilinear
image lie between two on one axis and then on the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import alternating, apply, described, layout
from convdispatch.conformance.cases.conv_rows import ConvRow, times
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.conformance.cases.pool_rows import PoolRow
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within, spacing, worst
from convdispatch.numerics.problem import Array, Problem, Product, before_bias, round_to
from convdispatch.ops import HALF_DTYPES, Backend, Dense, Resize, Upsample

# Sums of 24 to 60 products: about as large as the largest float16.
# fmt: off
_PRODUCTS = (
    ConvRow("1d-whole", (9,), (5,), pads=((2, 1),), channels=(6, 5), bias=True),
    ConvRow("1d-whole-relu", (8,), (3,), (2,), channels=(9, 8), bias=True, activation="relu"),
    ConvRow("1d-whole-pointwise", (5,), (1,), channels=(30, 24)),
    ConvRow("2d-whole", (5, 4), (3, 3), pads=((1, 0), (0, 1)), channels=(3, 3), bias=True),
    ConvRow("2d-whole-groups", (4, 5), (3, 2), (2, 1), (), (), 2, (8, 8), True),
    ConvRow("2d-whole-depthwise", (6, 6), (4, 5), groups=2, channels=(2, 4), bias=True),
    ConvRow("3d-whole", (3, 3, 3), (2, 2, 2), channels=(4, 3), bias=True),
)
# fmt: on
# Windows of 2, 4, 8 or 16 cells, so that averages are exact as well.
_POOLS = (
    PoolRow((19,), (8,), (3,), ((0, 0),)),
    PoolRow((9, 10), (4, 4), (2, 1), ((0, 0), (0, 0))),
    PoolRow((4, 3, 5), (2, 2, 4), (1, 1, 1), ((0, 0),) * 3),
)
_FACTORS = ((8, 4), (4, 8))
# From cells to cells, such that each share is some parts of 2, 4, 8 or 16.
_SIZES = (
    ("half_pixel", (2, 2), (16, 8)),
    ("asymmetric", (2, 3), (32, 6)),
    ("corners", (2, 3), (5, 5)),
)

_CURVED = (
    ConvRow("1d-curved", (9,), (3,), channels=(2, 5)),
    ConvRow("2d-curved", (4, 5), (2, 2), (1, 2), channels=(2, 3)),
)

_CLAIM = "The result is the exact one, rounded once."
_GRADIENTS = "Each gradient is the exact one, rounded once."


def cases(seed: int) -> Iterator[Case]:
    """Yield ops that add up in both half precisions, and their gradients in one of them."""
    for slug, plain in _problems(seed):
        turned = HALF_DTYPES[zlib.crc32(slug.encode()) & 1]
        for dtype in HALF_DTYPES:
            problem = replace(plain, dtype=dtype)
            ending = f"{slug}-{layout(problem)}-{dtype}"
            yield problem_case("dtype", f"once-{ending}", once, _CLAIM, problem)
            if dtype == turned:
                needs = ("gradients",)
                slug_of = f"once-{ending}"
                yield problem_case(
                    "grad", slug_of, differentiated, _GRADIENTS, problem, needs=needs
                )

    for problem in _activated(seed):
        activation = problem.op.activation  # type: ignore[union-attr]  # products have one
        slug = f"once-{activation}-{layout(problem)}-{problem.dtype}"
        yield problem_case("dtype", slug, activated, _CLAIM, problem)


def once(backend: Backend, problem: Problem) -> Measured:
    """Compare with the exact result, rounded to the element type."""
    with np.errstate(over="ignore"):
        got = harness.run(backend, problem)
    limits = _limits(backend, problem, problem.expected[1])
    return _require_exact([got], [problem.expected[0]], [limits], problem, "the result")


def activated(backend: Backend, problem: Problem) -> Measured:
    """Activate sums that half precision lacks: within half a unit of what is exact of them.

    The kernel is an eighth of the problem's, so that many sums lie where the function is steep.
    """
    op, (x, kernel, *_) = problem.op, problem.arrays
    assert isinstance(op, Product)
    exact = np.asarray(REFERENCE[op.activation](before_bias(op, x, kernel / 8)), np.float64)
    got = apply(backend, harness.plan(backend, problem), problem.dtype, x, kernel / 8)
    in_float32 = bounds.FUNCTION_ULPS * bounds.unit_roundoff("float32") * np.abs(exact)
    limits = _limits(backend, problem, problem.expected[1]) + in_float32
    return require_within(got, exact, limits + spacing(exact, problem.dtype) / 2, problem.dtype)


def differentiated(backend: Backend, problem: Problem) -> Measured:
    """Compare each gradient with the exact one, rounded to the element type."""
    with np.errstate(all="ignore"):
        found = harness.gradients(backend, problem, cotangent(problem))
    wanted = gradients(problem)
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} gradients came back for {len(wanted)} tensors")
    limits = [_limits(backend, problem, want.error) for want in wanted]
    return _require_exact(found, [want.value for want in wanted], limits, problem, "a gradient")


def _activated(seed: int) -> Iterator[Problem]:
    """Yield products with a curved activation in half precision."""
    for dtype in HALF_DTYPES:
        for activation in ("sigmoid", "tanh"):
            for row in _CURVED:
                numbers: dict[str, Any] = {"values": "eighths", "dtype": dtype, "seed": seed}
                curved = replace(row, activation=activation)
                for _, problem in alternating((curved,), **numbers):
                    yield problem
            dense = Dense(bias=False, activation=activation)
            shapes = ((6, 5),)
            yield Problem(op=dense, input_shape=(7, 6), weight_shapes=shapes, **numbers)


def _limits(backend: Backend, problem: Problem, bound: Array) -> Array:
    """Return zeros, or the bound where the backend declares larger errors."""
    factor = harness.accuracy(backend, problem)
    return bound * (factor if factor > 1 else 0)


def _require_exact(
    found: Sequence[Array],
    wanted: Sequence[Array],
    limits: Sequence[Array],
    problem: Problem,
    what: str,
) -> Measured:
    with np.errstate(over="ignore"):
        rounded = [round_to(want, problem.dtype) for want in wanted]
    rows = zip(found, rounded, limits, strict=True)
    return worst([require_within(*row, problem.dtype, what) for row in rows])


def _problems(seed: int) -> Iterator[tuple[str, Problem]]:
    """Yield each problem of whole numbers in float32, with the middle of an id."""
    for row in _PRODUCTS:
        for _, problem in alternating((row,), values="whole", seed=seed):
            yield row.id, problem
    for activation in ("linear", "relu"):
        op = Dense(bias=True, activation=activation)
        shapes = ((48, 7), (7,))
        yield (
            f"whole-{activation}",
            Problem(op=op, input_shape=(3, 2, 48), weight_shapes=shapes, values="whole", seed=seed),
        )
    for number, pool in enumerate(_POOLS):
        for kind in ("sum", "average"):
            is_last = (number + len(kind)) % 2 == 0
            yield pool.id, pool.problem(kind, channels_last=is_last, values="whole", seed=seed)
    for number, factors in enumerate(_FACTORS):
        for interpolation in ("bilinear", "nearest"):
            is_last = (number + len(interpolation)) % 2 == 0
            up = Upsample(factors=factors, interpolation=interpolation, channels_last=is_last)
            yield f"{described(up)}-{times(factors)}", _image(up, (2, 2), seed)
    for number, (coordinates, cells, size) in enumerate(_SIZES):
        resize = Resize(
            output_size=size,
            interpolation="bilinear",
            coordinates=coordinates,
            channels_last=number % 2 == 0,
        )
        yield f"{described(resize)}-{times(size)}", _image(resize, cells, seed)


def _image(op: Upsample | Resize, cells: tuple[int, ...], seed: int) -> Problem:
    shape = (2, *cells, 3) if op.channels_last else (2, 3, *cells)
    return Problem(op=op, input_shape=shape, values="whole", seed=seed)
