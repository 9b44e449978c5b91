"""NaN and infinity reach the results that read them, and no others.

The oracle computes with them as everything else does: products and sums alone. So what it leaves
finite has read nothing special, and its zeros around the data are zeros, not holes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    CHOSEN,
    alternating,
    apply,
    channel_axis,
    convolution,
    layout,
    linear,
    spatial_axes,
)
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds, oracle
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, Problem, add_bias, before_bias
from convdispatch.ops import (
    FUSED_ACTIVATIONS,
    Backend,
    Pad,
    Upsample,
)

# Cells of the input that are special in turn, each in a sample of its own.
_MOST_SAMPLES = 64
# A number whose square no element type of that name holds.
_LARGE = {"float16": 300.0, "bfloat16": 1e30, "float32": 1e30, "float64": 1e200}


def cases(seed: int) -> Iterator[Case]:
    """Yield the special numbers of inputs, of weights and of the other ops."""
    yield from _inputs(seed)
    for ending, problem in alternating(seed=seed):
        claim = "A NaN weight spoils the results that it is multiplied into and no other filter's."
        yield problem_case(
            "edge", f"nan-weight-{ending}", spoils_its_filter, claim, linear(problem)
        )
    for ending, problem in alternating(CHOSEN[1::2], seed=seed):
        claim = "Zero times NaN, and zero times infinity, is NaN: no product is left out."
        yield problem_case("edge", f"zero-kernel-{ending}", survives_zero, claim, linear(problem))
    yield from _overflows()
    yield from _reshapings(seed)


def reaches(backend: Backend, problem: Problem, special: str) -> Measured:
    """Make one cell a sample NaN or infinite, and compare every cell of the result.

    NaN comes out where a tap reads it, also where that tap is zero; infinity comes out with the
    sign of the tap. All else is exact within the bound, what was cropped away included.
    """
    x, *weights = problem.arrays
    cells = x[:1].size
    chosen = np.unique(np.linspace(0, cells - 1, _MOST_SAMPLES).astype(int))
    spoilt = np.repeat(x[:1], len(chosen), axis=0)
    spoilt.reshape(len(chosen), -1)[range(len(chosen)), chosen] = float(special)
    want, allowed = _expected(problem, spoilt)
    with np.errstate(all="ignore"):
        got = apply(backend, harness.plan(backend, problem), problem.dtype, spoilt, *weights)
    factor = harness.accuracy(backend, problem)
    return require_within(got, want, factor * allowed, problem.dtype)


def survives_zero(backend: Backend, problem: Problem) -> None:
    """Check that zeros as a kernel make NaN of NaN and of infinity, and zeros of all the rest."""
    x, kernel = problem.arrays
    nothing = np.zeros_like(kernel)
    for special in ("nan", "inf", "-inf"):
        spoilt = x.copy()
        spoilt.reshape(-1)[[0, -1]] = float(special)
        with np.errstate(all="ignore"):
            want = before_bias(convolution(problem), spoilt, nothing)
            function = harness.plan(backend, problem)
            got = apply(backend, function, problem.dtype, spoilt, nothing)
        require_within(got, want, 0, problem.dtype, f"the product of {special} and zeros")


def spoils_its_filter(backend: Backend, problem: Problem) -> None:
    """Make one weight NaN: the results that it is multiplied into are NaN, no other filter's are.

    Where it meets only zeros of the padding, or none of the data at all, its own filter may be
    NaN or not: whether such a product is computed is the backend's affair.
    """
    x, kernel = problem.arrays
    function, factor = harness.plan(backend, problem), harness.accuracy(backend, problem)
    op, ones = convolution(problem), np.ones_like(x)
    spatial = tuple(axis for axis in range(x.ndim) if axis != channel_axis(problem))
    for place in (0, kernel.size // 2, kernel.size - 1):
        spoilt, without, alone = kernel.copy(), kernel.copy(), np.zeros_like(kernel)
        spoilt.reshape(-1)[place] = np.nan
        without.reshape(-1)[place] = 0
        alone.reshape(-1)[place] = 1
        with np.errstate(all="ignore"):
            got = apply(backend, function, problem.dtype, x, spoilt)
        must = before_bias(op, ones, alone) > 0
        own = must.any(axis=spatial, keepdims=True)
        want = before_bias(op, x, without)
        want[must | (own & np.isnan(got))] = np.nan
        absolute = before_bias(op, np.abs(x), np.abs(kernel))
        limits = factor * bounds.conv_bound(absolute, problem.reduction_length, problem.dtype)
        what = f"the result with a NaN for weight {place}"
        require_within(got, want, limits, problem.dtype, what)


def overflows(backend: Backend, problem: Problem, number: float, sign: int) -> None:
    """Multiply two numbers whose product is beyond the element type: infinity, with its sign."""
    x, kernel = (np.full(array.shape, number) for array in problem.arrays)
    with np.errstate(all="ignore"):
        function = harness.plan(backend, problem)
        got = apply(backend, function, problem.dtype, x, sign * kernel)
    want = np.full(problem.expected[0].shape, sign * np.inf)
    require_within(got, want, 0, problem.dtype, f"{number:g} times {sign * number:g}")


def is_copied(backend: Backend, problem: Problem) -> None:
    """Compare what padding or repeating copies of NaN and infinity, bit by bit or both NaN."""
    x = problem.arrays[0].copy()
    x.reshape(-1)[[0, x.size // 2, -1]] = np.nan, np.inf, -np.inf
    op = problem.op
    if isinstance(op, Pad):
        want = oracle.pad(x, op.pads, channels_last=op.channels_last)
    else:
        assert isinstance(op, Upsample)
        want = oracle.upsample(
            x, op.factors, interpolation="nearest", channels_last=op.channels_last
        )
    with np.errstate(all="ignore"):
        got = apply(backend, harness.plan(backend, problem), problem.dtype, x)
    require_within(got, want, 0, problem.dtype)


def spreads_to_neighbours(backend: Backend, problem: Problem) -> None:
    """Make one cell a sample NaN and enlarge: the samples that it has a share in are NaN.

    A sample at the centre of a neighbour, which it has no share in, may be NaN or not.
    """
    op, x = problem.op, problem.arrays[0]
    assert isinstance(op, Upsample)
    ones = np.eye(x[0].size).reshape(-1, *x.shape[1:])
    spoilt = np.where(ones == 1, np.nan, x[:1])
    with np.errstate(all="ignore"):
        got = apply(backend, harness.plan(backend, problem), problem.dtype, spoilt)
    enlarged = partial(
        oracle.upsample,
        factors=op.factors,
        interpolation=op.interpolation,
        channels_last=op.channels_last,
    )
    must = enlarged(ones) > 0
    near = must.copy()
    for axis, factor in zip(spatial_axes(problem), op.factors, strict=True):
        # An odd number of samples to a cell: one is at its centre, a step beyond the neighbour's.
        for step in (-1, 1) if factor % 2 else ():
            moved = np.roll(near, step, axis)
            np.moveaxis(moved, axis, 0)[0 if step == 1 else -1] = False
            near = near | moved
    clean = np.where(ones == 1, 0.0, x[:1])
    want = enlarged(clean)
    want[must | (near & np.isnan(got))] = np.nan
    limits = bounds.conv_bound(enlarged(np.abs(clean)), 8, problem.dtype)
    require_within(got, want, limits, problem.dtype)


def _expected(problem: Problem, x: Array) -> tuple[Array, Array]:
    """Return the exact result of another input, and the largest error of what is finite."""
    op, (_, kernel, *bias) = convolution(problem), problem.arrays
    finite = np.where(np.isfinite(x), x, 0)
    with np.errstate(all="ignore"):
        exact = add_bias(op, before_bias(op, x, kernel), bias[0] if bias else None)
        value, _ = bounds.activated(exact, np.zeros_like(exact), op.activation, problem.dtype)
        absolute = before_bias(op, np.abs(finite), np.abs(kernel))
        absolute = add_bias(op, absolute, np.abs(bias[0]) if bias else None)
        error = bounds.conv_bound(absolute, problem.reduction_length, problem.dtype)
        clean = np.where(np.isfinite(exact), exact, 0)
        _, allowed = bounds.activated(clean, error, op.activation, problem.dtype)
    return value, allowed


def _inputs(seed: int) -> Iterator[Case]:
    activated = tuple(
        replace(geometry, id=f"{geometry.id}-{activation}", activation=activation, bias=True)
        for geometry in CHOSEN
        if geometry.id in ("1d-strided-dilated", "2d-groups", "3d-mixed-pads")
        for activation in FUSED_ACTIVATIONS
    )
    for special in ("nan", "inf", "-inf"):
        # Signs matter to the activations alone.
        for ending, problem in alternating(activated + CHOSEN[: 0 if special == "-inf" else None]):
            claim = f"One {special} reaches the results that read its cell, and no others."
            drawn = replace(problem, seed=seed)
            yield problem_case("edge", f"{special}-{ending}", reaches, claim, drawn, special)


def _overflows() -> Iterator[Case]:
    claim = "A product beyond the largest number is infinite, neither NaN nor the largest number."
    for dtype, number in _LARGE.items():
        for rank, sign in ((1, 1), (2, -1)):
            geometry = ConvRow("", (3,) * rank, (1,) * rank, channels=(1, 1))
            for make in (conv_problem, transpose_problem):
                problem = make(geometry, channels_last=sign == 1, dtype=dtype)
                slug = f"overflow-{dtype}-{'plus' if sign == 1 else 'minus'}"
                yield problem_case("edge", slug, overflows, claim, problem, number, sign)


def _reshapings(seed: int) -> Iterator[Case]:
    copied = "NaN and infinity are copied like any number, and cropped ones have no effect."
    spread = "NaN spreads to the samples that its cell has a share in, and no further."
    for is_last in (True, False):
        for op, check in (
            (Pad(pads=((1, -1),), channels_last=is_last), is_copied),
            (Pad(pads=((2, 0), (-1, 1)), channels_last=is_last), is_copied),
            (Pad(pads=((0, 1), (0, 0), (1, -1)), channels_last=is_last), is_copied),
            (_upsample((3,), "nearest", is_last), is_copied),
            (_upsample((2, 3), "nearest", is_last), is_copied),
            (_upsample((2, 1, 2), "nearest", is_last), is_copied),
            (_upsample((2, 2), "bilinear", is_last), spreads_to_neighbours),
            (_upsample((3, 4), "bilinear", is_last), spreads_to_neighbours),
        ):
            rank = len(op.pads if isinstance(op, Pad) else op.factors)
            size = (3, 4, 2)[:rank]
            shape = (2, *size, 2) if is_last else (2, 2, *size)
            problem = Problem(op=op, input_shape=shape, seed=seed)
            claim = spread if check is spreads_to_neighbours else copied
            yield problem_case(
                "edge", f"special-{_described(op)}-{layout(problem)}", check, claim, problem
            )


def _upsample(factors: tuple[int, ...], interpolation: str, is_last: bool) -> Upsample:
    return Upsample(factors=factors, interpolation=interpolation, channels_last=is_last)


def _described(op: Pad | Upsample) -> str:
    return (
        "zeros" if isinstance(op, Pad) else f"{op.interpolation}-{'x'.join(map(str, op.factors))}"
    )
