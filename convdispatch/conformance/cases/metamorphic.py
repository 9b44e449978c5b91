"""Relations that must hold between several answers of one backend.

The oracle gives the bounds alone: it convolves absolute values. Where answers are compared, each
may be off by its own bound, so that they may differ by the sum of these; no error is reported,
because neither side is the exact answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    CHOSEN,
    allowed,
    alternating,
    apply,
    compute,
    convolution,
    layout,
    linear,
    pick,
    slack,
    spatial_axes,
)
from convdispatch.conformance.cases.conv_rows import conv_problem
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import (
    Array,
    Problem,
    before_bias,
    conv_fields,
    output_shape,
    with_batch,
)
from convdispatch.ops import Backend, ConvTranspose, known_sizes


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each property and each chosen geometry."""
    for slug, check, claim, values in _PROPERTIES:
        for ending, drawn in alternating(values=values, seed=seed):
            problem = linear(drawn)
            yield problem_case("full", f"{slug}-{ending}", check, claim, problem)
    for geometry in CHOSEN:
        is_last = pick((True, False), geometry.id)
        problem = linear(conv_problem(geometry, channels_last=is_last, seed=seed))
        slug, claim = f"adjoint-{geometry.id}-{layout(problem)}", "<A x, y> = <x, A' y>."
        yield problem_case("full", slug, adjoint, claim, problem, used=[adjoint_of(problem)])


def linear_in_input(backend: Backend, problem: Problem) -> None:
    """Check A(2 x - 3 x') = 2 A(x) - 3 A(x').

    The sides may differ by the bounds of A(2 x - 3 x'), 2 A(x) and 3 A(x') together.
    """
    x, kernel = problem.arrays
    other, _ = _again(problem).arrays
    function, dtype = harness.plan(backend, problem), problem.dtype
    mixed = apply(backend, function, dtype, _mixed(x, other), kernel)
    parts = [apply(backend, function, dtype, part, kernel) for part in (x, other)]
    limits = slack(backend, problem, _weight(x, other), kernel)
    require_within(mixed, _mixed(*parts), limits, dtype, "A(2 x - 3 x')")


def linear_in_kernel(backend: Backend, problem: Problem) -> None:
    """Check that the kernel 2 k - 3 k' gives twice the result of k less three times that of k'.

    The sides may differ by the bounds of all three together.
    """
    x, kernel = problem.arrays
    _, other = _again(problem).arrays
    function, dtype = harness.plan(backend, problem), problem.dtype
    mixed = apply(backend, function, dtype, x, _mixed(kernel, other))
    parts = [apply(backend, function, dtype, x, part) for part in (kernel, other)]
    limits = slack(backend, problem, x, _weight(kernel, other))
    require_within(mixed, _mixed(*parts), limits, dtype, "the result of the kernel 2 k - 3 k'")


def shifted(backend: Backend, problem: Problem) -> None:
    """Check that zero cells put before the data move the result, within twice its bound.

    Of a convolution, `stride` zeros on each axis move it by one cell; of a transposed one, one
    zero moves it by `stride` cells. What comes before the moved result is not compared.
    """
    op, (x, kernel) = convolution(problem), problem.arrays
    zeros, cells, moved_op = op.strides, (1,) * len(op.strides), op
    if isinstance(op, ConvTranspose):
        zeros, cells = cells, op.strides
        written = known_sizes(op.output_size)
        size = tuple(n + stride for n, stride in zip(written, op.strides, strict=True))
        moved_op = replace(op, output_size=size)
    widths, after = [(0, 0)] * x.ndim, [slice(None)] * x.ndim
    for axis, zero, cell in zip(spatial_axes(problem), zeros, cells, strict=True):
        widths[axis], after[axis] = (zero, 0), slice(cell, None)
    still = compute(backend, op, problem.dtype, x, kernel)
    moved = compute(backend, moved_op, problem.dtype, np.pad(x, widths), kernel)
    limits = 2 * allowed(backend, problem)
    require_within(moved[tuple(after)], still, limits, problem.dtype, "the moved result")


def sample_by_sample(backend: Backend, problem: Problem) -> None:
    """Check that each sample alone, and in another order, gives what it gives in its batch.

    One function computes them all; two answers may differ by twice the bound.
    """
    batch = with_batch(problem, 3)
    (x, kernel), dtype = batch.arrays, problem.dtype
    function, limits = harness.plan(backend, batch), 2 * allowed(backend, batch)
    together = apply(backend, function, dtype, x, kernel)
    order = [2, 0, 1]
    permuted = apply(backend, function, dtype, x[order], kernel)
    require_within(permuted, together[order], limits[order], dtype, "the permuted batch")
    for index in range(len(x)):
        one = slice(index, index + 1)
        alone = apply(backend, function, dtype, x[one], kernel)
        require_within(alone, together[one], limits[one], dtype, f"sample {index} alone")


def adjoint(backend: Backend, problem: Problem) -> None:
    """Check <A x, y> = <x, A' y> for each sample, A' being the transposed convolution.

    Each side may be off by the bound of its result, weighted with the other factor: by the sum of
    all products |x| |k| |y| times the relative bound of either reduction. NumPy adds up the rest
    in float64.
    """
    back = adjoint_of(problem)
    (x, kernel), y = problem.arrays, back.arrays[0]
    forth_and_back = (
        compute(backend, problem.op, problem.dtype, x, kernel),
        compute(backend, back.op, problem.dtype, y, kernel),
    )
    products = _inner(before_bias(convolution(problem), np.abs(x), np.abs(kernel)), np.abs(y))
    limits = bounds.conv_bound(products, 2 * (x.size + y.size), "float64")
    for one in (problem, back):
        own = bounds.conv_bound(products, one.reduction_length, one.dtype)
        limits = limits + harness.accuracy(backend, one) * own
    left, right = _inner(forth_and_back[0], y), _inner(x, forth_and_back[1])
    require_within(left, right, limits, "float64", "<A x, y> compared with <x, A' y>")


def adjoint_of(problem: Problem) -> Problem:
    """Return the transposed convolution of a convolution, with other numbers to read."""
    op = convolution(problem)
    first = spatial_axes(problem)[0]
    size = problem.input_shape[first : first + len(op.strides)]
    fields = conv_fields(op)
    transposed = ConvTranspose(**fields, bias=False, activation="linear", output_size=size)
    shape = output_shape(problem)
    return replace(problem, op=transposed, input_shape=shape, seed=problem.seed + 1)


def _again(problem: Problem) -> Problem:
    return replace(problem, seed=problem.seed + 1)


def _mixed(one: Array, other: Array) -> Array:
    """Return 2 a - 3 b: of multiples of 1/8 every element type has the result."""
    difference: Array = 2.0 * one.astype(np.float64) - 3.0 * other.astype(np.float64)
    return difference


def _weight(one: Array, other: Array) -> Array:
    """Return numbers that are at least as large as those in all three results together."""
    weight: Array = np.abs(_mixed(one, other)) + 2 * np.abs(one) + 3 * np.abs(other)
    return weight


def _inner(one: Array, other: Array) -> Array:
    """Return the inner product of each sample, in float64."""
    product = one.astype(np.float64) * other.astype(np.float64)
    return np.asarray(product.sum(axis=tuple(range(1, product.ndim))))


# The beginning of an id, the check, what it claims, and which numbers it is given.
_PROPERTIES: tuple[tuple[str, Check, str, str], ...] = (
    ("linear-in-input", linear_in_input, "A(2 x - 3 x') = 2 A(x) - 3 A(x').", "eighths"),
    (
        "linear-in-kernel",
        linear_in_kernel,
        "The kernel 2 k - 3 k' gives twice what k gives less three times what k' gives.",
        "eighths",
    ),
    (
        "shifted",
        shifted,
        "Zero cells put before the data move the result and change nothing else.",
        "normal",
    ),
    (
        "sample-by-sample",
        sample_by_sample,
        "A sample gives the same alone, in a batch and in another order.",
        "normal",
    ),
)
