"""One special number, at every place of an input, a kernel and a bias, one place at a time.

NaN and infinities reach what reads them and nothing else, also beside zeros: zero times infinity is
NaN. Ops that copy keep the signs of zeros as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import apply, described, layout, problem_of
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.drawn_shapes import with_infinite
from convdispatch.conformance.cases.pool_rows import KINDS, PoolRow
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds, oracle
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.oracle_pooling import pool
from convdispatch.numerics.oracle_resizing import resize
from convdispatch.numerics.problem import (
    Array,
    Problem,
    Product,
    add_bias,
    before_bias,
    pool_fields,
    resize_fields,
)
from convdispatch.ops import Backend, Dense, Op, Pad, Pool, Resize, Upsample

_SPECIAL = (np.nan, np.inf, -np.inf)
# fmt: off
_ROWS = (
    ConvRow("1d-places", (5,), (2,), channels=(2, 3), bias=True),
    ConvRow("1d-places-strided", (7,), (3,), (2,), channels=(2, 2), bias=True),
    ConvRow("1d-places-grouped", (5,), (2,), groups=2, channels=(2, 4), bias=True),
    ConvRow("2d-places", (3, 4), (2, 2), channels=(2, 3), bias=True),
    ConvRow("2d-places-dilated", (4, 3), (2, 2), dilation=(2, 1), channels=(1, 3), bias=True),
    ConvRow("2d-places-pointwise", (2, 3), (1, 1), channels=(3, 4), bias=True),
    ConvRow("3d-places", (2, 3, 2), (2, 2, 1), channels=(2, 2), bias=True),
)
# fmt: on
_POOLS = (
    PoolRow((6,), (3,), (2,), ((1, 1),)),
    PoolRow((3, 4), (2, 2), (1, 2), ((0, 1), (1, 0))),
    PoolRow((2, 3, 2), (2, 2, 1), (1, 1, 1), ((0, 0),) * 3),
)
_MOST_WEIGHTS = 9
_DTYPES = ("float32", "float16", "float64", "bfloat16")

_INPUT = "One NaN or infinity in the input reaches the results that read it, and no others."
_WEIGHT = "One NaN or infinity as a weight reaches the results of its cells, and no others."
_BIAS = "One NaN or infinity in the bias is the result of its channel, and of no other."
_COPIED = "What an op copies keeps its kind and its sign, zeros included, at every place."


def cases(seed: int) -> Iterator[Case]:
    """Yield products in element types that take turns, poolings, and what copies."""
    for number, (slug, plain) in enumerate(_products(seed)):
        problem = replace(plain, dtype=_DTYPES[number % 4])
        ending = f"{slug}-{layout(problem)}-{problem.dtype}"
        for word, check, claim in (
            ("input", of_input, _INPUT),
            ("weight", of_weight, _WEIGHT),
            ("bias", of_bias, _BIAS),
        ):
            yield problem_case("edge", f"every-{word}-of-{ending}", check, claim, problem)
    for number, problem in enumerate(_others(seed)):
        problem = replace(problem, dtype=_DTYPES[(number + number // 4) % 4])
        slug = f"every-input-{number}-of-{described(problem.op)}-{layout(problem)}"
        is_copy = not isinstance(problem.op, Pool)
        claim = _COPIED if is_copy else _INPUT
        yield problem_case(
            "edge", f"{slug}-{problem.dtype}", copied if is_copy else of_input, claim, problem
        )


def of_input(backend: Backend, problem: Problem) -> Measured:
    """Put each special number in each place: of one sample each, some cells being zero.

    Some weights are zero as well, and in the end all. Other samples have several special numbers.
    """
    x, *weights = problem.arrays
    one = x[:1].copy()
    one.reshape(-1)[::3] = 0
    function = harness.plan(backend, problem)
    kernels = [weights]
    if weights:
        some = weights[0].copy()
        some.reshape(-1)[1::3] = 0
        kernels = [[kernel, *weights[1:]] for kernel in (weights[0], some, 0 * some)]
    measured = []
    for turn, special in enumerate(_SPECIAL):
        spoilt = np.repeat(one, one.size, 0)
        spoilt.reshape(one.size, -1)[range(one.size), range(one.size)] = special
        arrays = (spoilt, *kernels[turn % len(kernels)])
        measured.append(_compared(backend, problem, function, arrays, special))
    random = np.random.default_rng((problem.seed, one.size))
    several = with_infinite(random, np.repeat(one, 16, 0))
    several[0], several[1] = -np.inf, np.inf
    measured.append(_compared(backend, problem, function, (several, *weights), np.nan))
    return worst(measured)


def of_weight(backend: Backend, problem: Problem) -> Measured:
    """Put a special number in drawn places of the kernel in turn, beside cells that are zero.

    Where it meets no cell of the image, a result of its filter may be NaN, by a pad.
    """
    (x, kernel, *bias), op = problem.arrays, problem.op
    assert isinstance(op, Product)
    cells, ones = x.copy(), np.ones_like(x)
    cells.reshape(-1)[::3] = 0
    function = harness.plan(backend, problem)
    measured = []
    random = np.random.default_rng((problem.seed, kernel.size))
    for turn, place in enumerate(random.permutation(kernel.size)[:_MOST_WEIGHTS]):
        special = _SPECIAL[turn % len(_SPECIAL)]
        spoilt, alone = _with(kernel, place, special), _with(0 * kernel, place, 1)
        must = before_bias(op, ones, alone) > 0
        spatial = tuple(axis for axis in range(must.ndim) if axis != _channel_axis(problem))
        may = must.any(axis=spatial, keepdims=True) & ~must
        arrays = (cells, spoilt, *bias)
        measured.append(_compared(backend, problem, function, arrays, special, may))
    return worst(measured)


def of_bias(backend: Backend, problem: Problem) -> Measured:
    """Put each special number in each place of the bias."""
    x, kernel, bias = problem.arrays
    function = harness.plan(backend, problem)
    measured = []
    for place in range(bias.size):
        for special in _SPECIAL:
            arrays = (x, kernel, _with(bias, place, special))
            measured.append(_compared(backend, problem, function, arrays, special))
    return worst(measured)


def copied(backend: Backend, problem: Problem) -> None:
    """Put each special number, and zeros of either sign, in each place of a sample of its own."""
    one = problem.arrays[0][:1]
    function = harness.plan(backend, problem)
    for special in (*_SPECIAL, 0.0, -0.0):
        spoilt = np.repeat(one, one.size, 0)
        spoilt.reshape(one.size, -1)[range(one.size), range(one.size)] = special
        # Which number of the input each number of the result is a copy of; 0 where of none.
        source = _exact(problem, (1.0 + np.arange(spoilt.size).reshape(spoilt.shape),))
        want = np.concatenate([[0.0], spoilt.reshape(-1)])[source.astype(int)]
        got = apply(backend, function, problem.dtype, spoilt)
        require_within(got, want, 0, problem.dtype, f"the copy of {special}")
        lost = (np.signbit(got) != np.signbit(want)) & ~np.isnan(want)
        if lost.any():
            raise Mismatch(f"a copy of {want[lost][0]} has another sign")


def _with(array: Array, place: int, number: float) -> Array:
    changed = array.copy()
    changed.reshape(-1)[place] = number
    return changed


def _channel_axis(problem: Problem) -> int:
    return len(problem.input_shape) - 1 if problem.channels_last else 1


def _compared(
    backend: Backend,
    problem: Problem,
    function: Any,
    arrays: tuple[Array, ...],
    special: float,
    may: Array | bool = False,
) -> Measured:
    """Compare the result with the exact one; where `may` holds, it may be NaN instead."""
    with np.errstate(all="ignore"):
        want = _exact(problem, arrays)
        # What is finite is as exact as without the special number, which it has not read.
        finite = tuple(np.abs(np.where(np.isfinite(array), array, 0.0)) for array in arrays)
        limits = harness.accuracy(backend, problem) * _bound(problem, finite)
        got = apply(backend, function, problem.dtype, *arrays)
    want = np.where(may & np.isnan(got), np.nan, want)
    limits = np.where(np.isfinite(want), limits, 0)
    return require_within(got, want, limits, problem.dtype, f"the result with {special}")


def _exact(problem: Problem, arrays: tuple[Array, ...]) -> Array:
    op, x = problem.op, arrays[0]
    if isinstance(op, Pool):
        return pool(x, **pool_fields(op))
    if isinstance(op, Pad):
        return oracle.pad(x, op.pads, channels_last=op.channels_last)
    if isinstance(op, Resize):
        return resize(x, output_size=op.output_size, **resize_fields(op))
    if isinstance(op, Upsample):
        return oracle.upsample(
            x, op.factors, interpolation=op.interpolation, channels_last=op.channels_last
        )
    product = before_bias(op, x, arrays[1])
    return add_bias(op, product, arrays[2] if op.bias else None)


def _bound(problem: Problem, absolute: tuple[Array, ...]) -> Array:
    """Return the largest errors of a result of these absolute numbers."""
    result = _exact(problem, absolute)
    if isinstance(problem.op, Pool):
        length = int(np.prod(problem.op.size)) + bounds.DIVISION_ROUNDINGS
        return bounds.conv_bound(result, 0 if problem.op.kind == "max" else length, problem.dtype)
    return bounds.conv_bound(result, problem.reduction_length, problem.dtype)


def _products(seed: int) -> Iterator[tuple[str, Problem]]:
    for number, row in enumerate(_ROWS):
        is_last = number % 2 == 0
        yield row.id, conv_problem(row, channels_last=is_last, seed=seed)
        yield row.id, transpose_problem(row, channels_last=not is_last, seed=seed)
    for activation in ("linear", "linear-of-one"):
        inputs = 1 if activation == "linear-of-one" else 5
        op = Dense(bias=True, activation="linear")
        shapes = ((inputs, 4), (4,))
        yield (
            activation,
            Problem(op=op, input_shape=(2, 2, inputs), weight_shapes=shapes, seed=seed),
        )


def _others(seed: int) -> Iterator[Problem]:
    for number, row in enumerate(_POOLS):
        for kind in KINDS:
            yield row.problem(kind, channels_last=number != 1, seed=seed)
    for is_last in (True, False):
        resized = (((5,), "half_pixel"), ((2, 5), "asymmetric"), ((4, 3), "corners"))
        ops: list[Op] = [
            Pad(pads=((1, -1),), channels_last=is_last),
            Pad(pads=((0, 2), (-1, 1)), channels_last=is_last),
            Upsample(factors=(3,), interpolation="nearest", channels_last=is_last),
            Upsample(factors=(2, 3), interpolation="nearest", channels_last=is_last),
            Upsample(factors=(1, 2, 2), interpolation="nearest", channels_last=is_last),
        ]
        for size, coordinates in resized:
            nearest = Resize(
                output_size=size,
                interpolation="nearest",
                coordinates=coordinates,
                channels_last=is_last,
            )
            ops.append(nearest)
        for op in ops:
            yield problem_of(op, size=(3, 4, 2), seed=seed)
