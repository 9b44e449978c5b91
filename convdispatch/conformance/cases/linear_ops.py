"""Second derivatives of linear and piecewise linear ops, computed with a matrix.

Where y = A x, half the weighted sum of squares of y has the gradient A' w A x, and that gradient's
product with v the gradient A' w A v. The matrix comes from the oracle's gradient, a row at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.oracle_pooling import pool_gradient
from convdispatch.numerics.oracle_resizing import resize_gradient
from convdispatch.numerics.problem import Array, Problem, output_shape, pool_fields, resize_fields
from convdispatch.ops import Backend, Pool, Resize, Tensor


def match_second_gradient(backend: Backend, problem: Problem) -> Measured:
    """Differentiate <v, gradient of half the sum of w y**2>, and compare with A' w A v."""
    x = problem.arrays[0]
    rng = np.random.default_rng((problem.seed, x.size))
    v = rng.integers(-8, 9, x.shape) / 8
    w = rng.integers(1, 9, output_shape(problem)) / 8
    got = _second_gradient(backend, problem, v, w)
    matrix = _matrix(problem, x)
    want = _through(matrix, v, w)
    absolute = _through(np.abs(matrix), np.abs(v), w)
    # Two passes through the op: as many terms each as the matrix has in a row and in a column.
    terms = int((matrix != 0).sum(0).max() + (matrix != 0).sum(1).max()) + 24
    relative = 2 * bounds.gamma(terms, bounds.unit_roundoff(problem.dtype))
    return require_within(got, want, relative * absolute, problem.dtype, "the second gradient")


def second_order_case(slug: str, problem: Problem) -> Case:
    """Return the case that the second derivative is right for a sample and a channel of it."""
    problem = _smallest(problem)
    slug, needs = f"second-order-{slug}", ("gradients", "second_order")
    claim = "The gradient of a product with the gradient of half a sum of squares is exact."
    return problem_case("grad", slug, match_second_gradient, claim, problem, needs=needs)


def _second_gradient(backend: Backend, problem: Problem, v: Array, w: Array) -> Array:
    function, total = harness.plan(backend, problem), backend.functions["sum"]
    along, weight = (backend.asarray(each, problem.dtype) for each in (v, w))

    def energy(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        y: Any = function(tensors[0])
        return total(harness.product(y * y, weight) * 0.5), None  # type: ignore[operator]

    def slope(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        _, (gradient,) = backend.value_and_grad(energy)(tensors)
        return total(harness.product(gradient, along)), None

    _, (found,) = backend.value_and_grad(slope)(harness.tensors(backend, problem))
    return np.asarray(backend.to_numpy(found))


def _matrix(problem: Problem, x: Array) -> Array:
    """Return the matrix from the cells to the result's, at x."""
    shape = output_shape(problem)
    units = np.eye(prod(shape)).reshape(-1, *shape)
    back = _back(problem)
    return np.array([back(x, unit).ravel() for unit in units])


def _smallest(problem: Problem) -> Problem:
    """Return the problem with one sample and one channel: the matrix is no larger than need be."""
    shape = problem.input_shape
    smaller = (1, *shape[1:-1], 1) if problem.channels_last else (1, 1, *shape[2:])
    return replace(problem, input_shape=smaller)


def _back(problem: Problem) -> Callable[[Array, Array], Array]:
    op = problem.op
    if isinstance(op, Pool):
        return lambda x, g: pool_gradient(x, g, **pool_fields(op))
    assert isinstance(op, Resize)
    size = problem.input_shape[1:-1] if op.channels_last else problem.input_shape[2:]
    return lambda x, g: resize_gradient(g, input_size=size, **resize_fields(op))


def _through(matrix: Array, v: Array, w: Array) -> Array:
    product: Array = matrix.T @ (w.ravel() * (matrix @ v.ravel()))
    return product.reshape(v.shape)
