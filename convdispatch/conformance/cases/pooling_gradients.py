"""Gradients of pooling: where a maximum has several cells, where windows overlap or have gaps."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.gradients import gradient_case
from convdispatch.conformance.cases.linear_ops import second_order_case
from convdispatch.conformance.cases.pool_rows import CHOSEN, PoolRow
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.oracle_pooling import pool_gradient
from convdispatch.numerics.problem import Problem, output_shape, pool_fields
from convdispatch.ops import Backend, Pool, features, op_name

_NAN, _INF = float("nan"), float("inf")

# Windows that compilers' and frameworks' own gradients get wrong.
_MORE = (
    PoolRow((8,), (3,), (1,), ((0, 0),)),
    PoolRow((8,), (3,), (5,), ((0, 0),)),
    PoolRow((8,), (1,), (3,), ((0, 0),)),
    PoolRow((8,), (5,), (2,), ((0, -3),)),
    PoolRow((8,), (8,), (1,), ((0, 0),)),
    PoolRow((8,), (4,), (3,), ((2, 3),)),
    PoolRow((5, 6), (3, 3), (1, 1), ((1, 1), (1, 1))),
    PoolRow((5, 6), (1, 2), (2, 1), ((0, 0), (0, 1))),
    PoolRow((5, 6), (2, 3), (3, 2), ((1, 1), (-1, 0))),
    PoolRow((5, 6), (5, 6), (2, 2), ((0, 0), (0, 0))),
    PoolRow((3, 4, 3), (2, 2, 2), (1, 1, 1), ((0, 0),) * 3),
    PoolRow((3, 4, 3), (1, 2, 3), (1, 3, 1), ((0, 0), (1, 1), (2, 0))),
    PoolRow((3, 4, 3), (3, 4, 3), (1, 1, 1), ((0, 0),) * 3),
)

# An image, the window, and how often each cell is the first of its window's largest. Two NaN
# are not equal, so the definition does not say which one is the first: no window has two.
_TIES: dict[str, tuple[list[list[float]], tuple[int, int], list[list[float]]]] = {
    "first-row": ([[1, 5, 5], [5, 5, 0]], (2, 3), [[0, 1, 0], [0, 0, 0]]),
    "second-row": ([[1, 4, 4], [5, 5, 0]], (2, 3), [[0, 0, 0], [1, 0, 0]]),
    "nan-first": ([[3, _NAN, 4], [9, 7, 0]], (2, 3), [[0, 1, 0], [0, 0, 0]]),
    "nan-later": ([[3, 9, 4], [_NAN, 7, _INF]], (2, 3), [[0, 0, 0], [1, 0, 0]]),
    "overlapping": ([[0, 0, 0], [0, 0, 0]], (2, 2), [[1, 1, 0], [0, 0, 0]]),
    "minus-infinity": ([[-_INF] * 3, [-_INF] * 3], (2, 3), [[1, 0, 0], [0, 0, 0]]),
    "column": ([[2, 0, 1], [2, 0, 1]], (2, 1), [[1, 1, 1], [0, 0, 0]]),
    "signed-zeros": ([[-0.0, 0.0, -1], [0.0, -0.0, -1]], (2, 3), [[1, 0, 0], [0, 0, 0]]),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the first and the second gradients, with ties and without."""
    for row in (*CHOSEN, *_MORE):
        chance = zlib.crc32(row.id.encode()) >> 8
        dtype = ("float32", "float64")[chance >> 1 & 1]
        for slug, problem in row.problems(channels_last=bool(chance & 1), dtype=dtype, seed=seed):
            yield gradient_case(slug, problem)
            if isinstance(problem.op, Pool) and problem.op.kind == "max":
                yield gradient_case(f"ties-{slug}", replace(problem, values="eighths"))
    for row in CHOSEN[::2]:
        chance = zlib.crc32(row.id.encode()) >> 9
        rows = row.problems(channels_last=bool(chance & 1), dtype="float64", seed=seed)
        yield from (second_order_case(slug, problem) for slug, problem in rows)
    for slug, last in itertools.product(_TIES, (True, False)):
        yield _tie_case(slug, last)


def to_the_first(backend: Backend, slug: str, last: bool) -> Measured:
    """Differentiate the sum of the maxima, and count where the gradient goes."""
    problem = tied(slug, last)
    numbers, _, wanted = _TIES[slug]
    x, want = (_laid_out(each, last) for each in (numbers, wanted))
    function = harness.plan(backend, problem)
    total = backend.functions["sum"]
    differentiate = backend.value_and_grad(lambda tensors: (total(function(tensors[0])), None))
    _, (gradient,) = differentiate([backend.asarray(x, "float32")])
    got = np.asarray(backend.to_numpy(gradient))
    assert isinstance(problem.op, Pool)
    by_oracle = pool_gradient(x, np.ones(output_shape(problem)), **pool_fields(problem.op))
    require_within(by_oracle, want, 0, "float64", "the oracle's own gradient")
    return require_within(got, want, 0, "float32", "the gradient of the maxima")


def tied(slug: str, last: bool) -> Problem:
    """Return the problem of a case about ties."""
    _, size, _ = _TIES[slug]
    row = PoolRow((2, 3), size, (1, 1), ((0, 0), (0, 0)))
    problem = row.problem("max", channels_last=last)
    return replace(problem, input_shape=(1, 2, 3, 1) if last else (1, 1, 2, 3))


def _laid_out(numbers: list[list[float]], last: bool) -> np.ndarray[tuple[int, ...], np.dtype]:
    return np.array(numbers, np.float64)[(None, ..., None) if last else (None, None)]


def _tie_case(slug: str, last: bool) -> Case:
    problem = tied(slug, last)
    name = op_name(problem.op)
    return Case(
        id=f"{name}/grad/first-of-{slug}-{'last' if last else 'first'}",
        level="grad",
        op=name,
        claim="A maximum's gradient goes to the first of equal cells, rows before columns.",
        check=to_the_first,
        arguments=(slug, last),
        features=(*features(problem.op, problem.signature), "gradients", f"{name}:gradients"),
    )
