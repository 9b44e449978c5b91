"""Products with a matrix: of tensors with two axes and more, with bias and each activation."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured
from convdispatch.conformance.cases.computing import apply, compute, every_feature
from convdispatch.conformance.cases.conv_rows import times
from convdispatch.conformance.cases.gradients import gradient_case
from convdispatch.conformance.cases.harness import plan
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.second_order import CLAIM, match_second_gradients
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics import bounds, oracle
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import (
    FLOAT_DTYPES,
    FUSED_ACTIVATIONS,
    Backend,
    Conv,
    Dense,
    Shape,
    op_name,
)

# The input's shape and the number of outputs; a square matrix shows whether it was transposed.
_SHAPES: list[tuple[Shape, int]] = [
    ((3, 4), 5),
    ((2, 3), 3),
    ((1, 1), 1),
    ((2, 7), 1),
    ((2, 3, 4), 2),
    ((3, 2, 2), 2),
    ((2, 1, 3, 5), 4),
    ((2, 2, 1, 2, 3), 3),
]
_LONG: list[tuple[Shape, int]] = [((2, 3000), 2), ((1, 2, 1500), 1)]
_DTYPES = ("float32", "float64")


def dense_problem(
    shape: Shape, outputs: int, *, bias: bool, activation: str, dtype: str = "float32"
) -> Problem:
    """Return the product of such an input with a matrix of so many columns."""
    weights = ((shape[-1], outputs), (outputs,))[: 1 + bias]
    op = Dense(bias=bias, activation=activation)
    return Problem(op=op, input_shape=shape, weight_shapes=weights, dtype=dtype)


def cases(seed: int) -> Iterator[Case]:
    """Yield forward cases, gradients of both orders, long sums, edges and identities."""
    for (shape, outputs), bias, activation in itertools.product(
        _SHAPES, (False, True), FUSED_ACTIVATIONS
    ):
        slug = f"{times(shape)}-{outputs}-{'bias-' if bias else ''}{activation}"
        chance = zlib.crc32(slug.encode()) >> 8
        made = dense_problem(shape, outputs, bias=bias, activation=activation)
        problem = replace(made, dtype=FLOAT_DTYPES[chance & 3], seed=seed)
        level = "core" if problem.dtype in _DTYPES else "dtype"
        yield forward_case(level, f"{slug}-{problem.dtype}", problem)
        if bias or activation == "linear":
            yield gradient_case(slug, replace(problem, dtype=_DTYPES[chance >> 2 & 1]))
        if bias and activation != "relu":
            yield _second_order(slug, replace(problem, dtype="float64"))
            if activation == "tanh":  # a backend that declines float64 is asked as well
                yield _second_order(f"{slug}-float32", replace(problem, dtype="float32"))
    for (shape, outputs), dtype in itertools.product(_LONG, FLOAT_DTYPES):
        made = dense_problem(shape, outputs, bias=True, activation="relu", dtype=dtype)
        ending = f"long-{times(shape)}-{dtype}"
        yield forward_case("dtype", ending, replace(made, values="positive", seed=seed))
    for shape, outputs in _SHAPES:
        made = replace(dense_problem(shape, outputs, bias=True, activation="linear"), seed=seed)
        slug = f"{times(shape)}-{outputs}"
        yield forward_case("edge", f"empty-batch-{slug}", with_batch(made, 0))
        yield _edge(f"special-{slug}", made, reaches, "NaN reaches the rows and columns it is in.")
        claim = "A product with a matrix is a convolution with a kernel of one cell."
        yield _edge(f"is-a-convolution-{slug}", made, is_a_convolution, claim)


def reaches(backend: Backend, problem: Problem) -> Measured:
    """Make a number of the input NaN, another infinite, and one of the matrix NaN."""
    x, kernel, bias = (array.copy() for array in problem.arrays)
    x.reshape(-1)[[0, -1]] = np.nan, np.inf
    kernel[-1, -1] = np.nan
    with np.errstate(all="ignore"):
        want = oracle.dense(x, kernel) + bias
        finite = [np.where(np.isfinite(each), np.abs(each), 0) for each in (x, kernel)]
        absolute = oracle.dense(*finite) + np.abs(bias)
        got = apply(backend, plan(backend, problem), problem.dtype, x, kernel, bias)
    limits = bounds.conv_bound(absolute, problem.reduction_length, problem.dtype)
    return require_within(got, want, limits, problem.dtype)


def is_a_convolution(backend: Backend, problem: Problem) -> None:
    """Compute both and compare them; each may be off by the bound."""
    x, kernel, bias = problem.arrays
    product = apply(backend, plan(backend, problem), problem.dtype, x, kernel, bias)
    op = Conv(
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=1,
        channels_last=True,
        bias=True,
        activation="linear",
    )
    rows = x.reshape(len(x), -1, x.shape[-1])
    convolved = compute(backend, op, problem.dtype, rows, kernel[np.newaxis], bias)
    limits = 2 * problem.expected[1]
    want = convolved.astype(np.float64).reshape(product.shape)
    require_within(product, want, limits, problem.dtype, "the product")


def _second_order(slug: str, problem: Problem) -> Case:
    slug, needs = f"second-order-{slug}", ("gradients", "second_order")
    return problem_case("grad", slug, match_second_gradients, CLAIM, problem, needs=needs)


def _edge(slug: str, problem: Problem, check: Check, claim: str) -> Case:
    return Case(
        id=f"{op_name(problem.op)}/edge/{slug}",
        level="edge",
        op=op_name(problem.op),
        claim=claim,
        check=check,
        arguments=(problem,),
        features=(*every_feature(problem), "conv1d", f"conv1d:{problem.dtype}"),
    )
