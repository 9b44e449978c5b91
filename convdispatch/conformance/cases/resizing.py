"""Resampling to any number of cells: every rank, interpolation and kind of coordinates."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.computing import apply
from convdispatch.conformance.cases.conv_rows import BATCH, times
from convdispatch.conformance.cases.gradients import gradient_case
from convdispatch.conformance.cases.harness import plan
from convdispatch.conformance.cases.linear_ops import second_order_case
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.oracle_resizing import resize
from convdispatch.numerics.problem import Problem, resize_fields
from convdispatch.ops import HALF_DTYPES, Backend, Resize, Shape

WAYS = tuple(itertools.product(("nearest", "bilinear"), ("half_pixel", "asymmetric", "corners")))
# Cells before and after: enlarged, shrunk, by whole factors and by others, to and from one cell.
_SIZES: dict[int, list[tuple[Shape, Shape]]] = {
    1: [
        ((4,), (8,)), ((5,), (8,)), ((6,), (3,)), ((7,), (3,)), ((7,), (5,)), ((5,), (5,)),
        ((1,), (4,)), ((6,), (1,)), ((3,), (20,)), ((23,), (4,)),
    ],
    2: [
        ((4, 5), (7, 3)), ((3, 4), (6, 12)), ((6, 4), (3, 2)), ((1, 3), (4, 1)), ((5, 2), (5, 3)),
    ],
    3: [((2, 3, 4), (3, 3, 2)), ((3, 1, 2), (2, 3, 5))],
}  # fmt: skip
_CHANNELS = 3
_CLAIM = "The result is of the input's element type, within that type's bound."


def resize_problem(
    size: Shape, output_size: Shape, way: tuple[str, str], *, last: bool, dtype: str = "float32"
) -> Problem:
    """Return the resampling from one size to another."""
    interpolation, coordinates = way
    op = Resize(
        output_size=output_size,
        interpolation=interpolation,
        coordinates=coordinates,
        channels_last=last,
    )
    shape = (BATCH, *size, _CHANNELS) if last else (BATCH, _CHANNELS, *size)
    return Problem(op=op, input_shape=shape, dtype=dtype)


def cases(seed: int) -> Iterator[Case]:
    """Yield forward cases, gradients of the first and the second order, and special numbers."""
    for rank, sizes in _SIZES.items():
        for (size, output_size), way in itertools.product(sizes, WAYS):
            slug = f"{times(size)}-to-{times(output_size)}-{'-'.join(way)}"
            chance = zlib.crc32(slug.encode()) >> 8
            yield from _forward(slug, size, output_size, way, seed=seed)
            last, dtype = bool(chance & 1), ("float32", "float64")[chance >> 1 & 1]
            problem = resize_problem(size, output_size, way, last=last, dtype=dtype)
            if rank > 1 or chance & 32:
                yield gradient_case(f"{slug}-{_layout(last)}", replace(problem, seed=seed))
            if rank < 3 and chance & 4:
                again = resize_problem(size, output_size, way, last=not last, dtype="float64")
                yield second_order_case(f"{slug}-{_layout(not last)}", replace(again, seed=seed))
            if way[0] == "nearest" and chance & 16:
                yield _special(slug, replace(problem, dtype="float32", seed=seed))


def _forward(
    slug: str, size: Shape, output_size: Shape, way: tuple[str, str], *, seed: int
) -> Iterator[Case]:
    chance = zlib.crc32(slug.encode()) >> 10
    for last in (True, False) if len(size) == 2 else (chance & 4 > 0,):
        dtype = "float64" if chance & 3 == 3 else "float32"
        problem = replace(resize_problem(size, output_size, way, last=last, dtype=dtype), seed=seed)
        yield forward_case("core", f"{slug}-{_layout(last)}-{dtype}", problem)
    if chance & 8:
        return
    last = bool(chance & 1)
    problem = resize_problem(size, output_size, way, last=last, dtype=HALF_DTYPES[chance >> 1 & 1])
    ending = f"{slug}-{_layout(last)}-{problem.dtype}"
    yield forward_case("dtype", ending, replace(problem, seed=seed), _CLAIM)


def is_copied(backend: Backend, problem: Problem) -> Measured:
    """Compare NaN and infinities after resampling to the nearest cells."""
    x = problem.arrays[0].copy()
    x.reshape(-1)[[0, x.size // 2, -1]] = np.nan, np.inf, -np.inf
    assert isinstance(problem.op, Resize)
    want = resize(x, output_size=problem.op.output_size, **resize_fields(problem.op))
    with np.errstate(all="ignore"):
        got = apply(backend, plan(backend, problem), problem.dtype, x)
    return require_within(got, want, 0, problem.dtype)


def _special(slug: str, problem: Problem) -> Case:
    slug = f"special-{slug}-{_layout(problem.channels_last)}"
    claim = "NaN and infinity are copied like any number."
    return problem_case("edge", slug, is_copied, claim, problem)


def _layout(last: bool) -> str:
    return "last" if last else "first"
