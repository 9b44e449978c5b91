"""Identities between pooling, resampling and other ops.

Both sides are the backend's own answers. Each may be off by its own bound, so that they may differ
by the sum of these; no error is reported, because neither side is the exact answer.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases.computing import compute, every_feature, layout
from convdispatch.conformance.cases.pool_rows import CHANNELS, PoolRow
from convdispatch.conformance.cases.resizing import WAYS, resize_problem
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Conv, Pool, Upsample, features, op_name

_ROWS = (
    PoolRow((7,), (3,), (2,), ((1, 1),)),
    PoolRow((6, 5), (3, 2), (1, 2), ((1, 0), (0, 1))),
    PoolRow((4, 3, 5), (2, 2, 3), (2, 1, 2), ((0, 0), (1, 0), (1, 2))),
)
_SIZES = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}
_FACTORS = {1: (3,), 2: (2, 3), 3: (2, 1, 3)}


def cases(seed: int) -> Iterator[Case]:
    """Yield every identity for each rank and layout."""
    for row, last in itertools.product(_ROWS, (True, False)):
        for slug, kind, check, claim in _OF_POOLS:
            problem = replace(row.problem(kind, channels_last=last, seed=seed), values="eighths")
            other = check is is_a_convolution
            yield _case(slug, check, claim, problem, (_depthwise(problem),) if other else ())
    for (rank, size), last, way in itertools.product(_SIZES.items(), (True, False), WAYS):
        slug = "-".join(way)
        problem = replace(resize_problem(size, size, way, last=last), seed=seed)
        claim = "An image resampled at its own size is itself."
        yield _case(f"same-size-{slug}", stays, claim, problem, ())
        if way[1] == "half_pixel" and (way[0] == "nearest" or rank == 2):
            larger = tuple(n * factor for n, factor in zip(size, _FACTORS[rank], strict=True))
            problem = replace(resize_problem(size, larger, way, last=last), seed=seed)
            claim = "Resampling to a whole multiple of the size is upsampling."
            op = Upsample(factors=_FACTORS[rank], interpolation=way[0], channels_last=last)
            other_problem = replace(problem, op=op)
            yield _case(f"is-upsampling-{slug}", is_upsampling, claim, problem, (other_problem,))
        if way[0] == "bilinear" and way[1] != "asymmetric":
            problem = resize_problem(size, tuple(n + 2 for n in size), way, last=last)
            claim = "A flipped image is resampled to the flipped result."
            yield _case(f"turned-{slug}", turned, claim, replace(problem, seed=seed), ())


def is_a_convolution(backend: Backend, problem: Problem, other: Problem) -> None:
    """Compare sums of windows with a depthwise convolution by a kernel of ones."""
    x = problem.arrays[0]
    pooled = compute(backend, problem.op, problem.dtype, x)
    convolved = compute(backend, other.op, problem.dtype, x, np.ones(other.weight_shapes[0]))
    _require(pooled, convolved, 2 * problem.expected[1], "the sum of each window")


def is_sum_by_size(backend: Backend, problem: Problem) -> None:
    """Compare averages that count pads with the sums, divided by the number of cells."""
    op, x = _pool(problem), problem.arrays[0]
    averages = compute(backend, op, problem.dtype, x)
    sums = compute(backend, replace(op, kind="sum", counts_pads=False), problem.dtype, x)
    want = sums.astype(np.float64) / prod(op.size)
    _require(averages, want, 3 * problem.expected[1], "the average of each window")


def is_sum_by_count(backend: Backend, problem: Problem) -> None:
    """Compare averages of the image's cells with the sums, divided by the sums of ones."""
    op, x = _pool(problem), problem.arrays[0]
    averages = compute(backend, op, problem.dtype, x)
    added = replace(op, kind="sum")
    sums, counts = (compute(backend, added, problem.dtype, each) for each in (x, np.ones_like(x)))
    want = sums.astype(np.float64) / counts.astype(np.float64)
    _require(averages, want, 3 * problem.expected[1], "the average of each window")


def keeps_order(backend: Backend, problem: Problem) -> None:
    """Compare maxima of 2 x + 1, which is exact, with twice those of x, plus 1."""
    op, x = problem.op, problem.arrays[0]
    plain, moved = (compute(backend, op, problem.dtype, each) for each in (x, 2 * x + 1))
    _require(moved, 2 * plain.astype(np.float64) + 1, 0.0, "the maximum of 2 x + 1")


def of_a_constant(backend: Backend, problem: Problem) -> None:
    """Pool a constant image: its maxima and averages are that number."""
    x = np.full_like(problem.arrays[0], -1.25)
    pooled = compute(backend, problem.op, problem.dtype, x)
    limit = 4e-6 if _pool(problem).kind == "average" else 0.0
    _require(pooled, np.full(pooled.shape, -1.25), limit, "the result of a constant image")


def twice_is_larger(backend: Backend, problem: Problem) -> None:
    """Compare maxima of maxima with those of the larger window: both with stride 1, no pads."""
    op, x = _pool(problem), problem.arrays[0]
    ones, none = (1,) * len(op.size), ((0, 0),) * len(op.size)
    small = replace(op, size=tuple(min(n, 2) for n in op.size), strides=ones, pads=none)
    large = replace(small, size=tuple(2 * n - 1 for n in small.size))
    once = compute(backend, small, problem.dtype, x).astype(np.float64)
    twice = compute(backend, small, problem.dtype, once)
    _require(compute(backend, large, problem.dtype, x), twice, 0.0, "the larger window's maximum")


def stays(backend: Backend, problem: Problem) -> None:
    """Compare the result with the image, exactly."""
    x = problem.arrays[0]
    _require(compute(backend, problem.op, problem.dtype, x), x, 0.0, "the result")


def is_upsampling(backend: Backend, problem: Problem, other: Problem) -> None:
    """Compare with the op that upsamples by whole factors."""
    x = problem.arrays[0]
    resized, enlarged = (compute(backend, each.op, each.dtype, x) for each in (problem, other))
    _require(resized, enlarged, problem.expected[1] + other.expected[1], "the result")


def turned(backend: Backend, problem: Problem) -> None:
    """Compare the result for the flipped image with the flipped result."""
    x = problem.arrays[0]
    first = 1 if problem.channels_last else 2
    axes = tuple(range(first, first + x.ndim - 2))
    still, moved = (
        compute(backend, problem.op, problem.dtype, each) for each in (x, np.flip(x, axes))
    )
    limits = problem.expected[1]
    want = np.flip(still, axes)
    _require(moved, want, limits + np.flip(limits, axes), "the result of the turned image")


def _require(got: Array, want: Array, limits: Array | float, what: str) -> None:
    require_within(got, want.astype(np.float64), limits, got.dtype.name, what)


def _pool(problem: Problem) -> Pool:
    assert isinstance(problem.op, Pool)
    return problem.op


def _depthwise(problem: Problem) -> Problem:
    """Return the convolution that adds the cells of the windows, one filter a channel."""
    op = _pool(problem)
    conv = Conv(
        strides=op.strides,
        pads=op.pads,
        dilation=(1,) * len(op.size),
        groups=CHANNELS,
        channels_last=op.channels_last,
        bias=False,
        activation="linear",
    )
    return replace(problem, op=conv, weight_shapes=((*op.size, 1, CHANNELS),))


_OF_POOLS: tuple[tuple[str, str, Check, str], ...] = (
    (
        "sum-is-a-convolution",
        "sum",
        is_a_convolution,
        "Sums of windows are a depthwise convolution with ones.",
    ),
    (
        "average-is-sum-by-size",
        "counting-pads",
        is_sum_by_size,
        "An average that counts pads is the sum divided by the window's size.",
    ),
    (
        "average-is-sum-by-count",
        "average",
        is_sum_by_count,
        "An average without pads is the sum divided by the number of cells in the image.",
    ),
    (
        "keeps-order",
        "max",
        keeps_order,
        "A function that keeps the order of numbers keeps the maximum.",
    ),
    ("of-a-constant", "max", of_a_constant, "The maximum of one number is that number."),
    ("of-a-constant", "average", of_a_constant, "The average of one number is that number."),
    ("twice-is-larger", "max", twice_is_larger, "Maxima of maxima are those of a larger window."),
)


def _case(
    slug: str, check: Check, claim: str, problem: Problem, others: tuple[Problem, ...]
) -> Case:
    name = op_name(problem.op)
    rank = f"{len(problem.input_shape) - 2}d"
    used = every_feature(problem, *others)
    if isinstance(problem.op, Pool) and problem.op.kind == "average":
        added = replace(problem.op, kind="sum", counts_pads=False)
        used = (*used, *features(added, problem.signature))
    return Case(
        id=f"{name}/full/{slug}-{rank}-{layout(problem)}",
        level="full",
        op=name,
        claim=claim,
        check=check,
        arguments=(problem, *others),
        features=used,
    )
