"""Maxima, sums and averages of windows: all combinations of small sizes, strides and pads."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.computing import apply
from convdispatch.conformance.cases.harness import plan
from convdispatch.conformance.cases.pool_rows import CHOSEN, KINDS, PoolRow
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.oracle_pooling import pool
from convdispatch.numerics.problem import Problem, pool_fields
from convdispatch.ops import HALF_DTYPES, Backend, Pool

# Of each rank: the image's cells, and the values of each field. No two axes are alike.
_CELLS = {1: (7,), 2: (6, 5), 3: (4, 3, 5)}
_SIZES: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,), (3,), (7,)],
    2: [(2, 2), (3, 2), (1, 3), (6, 5)],
    3: [(2, 1, 2), (2, 3, 3)],
}
_STRIDES: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (2,), (4,)],
    2: [(1, 1), (2, 2), (3, 1)],
    3: [(1, 1, 1), (2, 1, 3)],
}
_PADS: dict[int, list[tuple[tuple[int, int], ...]]] = {
    1: [((0, 0),), ((1, 0),), ((0, 1),), ((2, 1),), ((-1, 1),), ((0, -2),)],
    2: [((0, 0), (0, 0)), ((1, 0), (0, 1)), ((0, 1), (1, 1)), ((-1, 0), (1, -2))],
    3: [((0, 0),) * 3, ((1, 0), (0, 1), (1, 1)), ((0, -1), (1, 0), (-1, 2))],
}
# Windows of hundreds and of thousands of cells: sums in half precision would stop growing.
_LONG = (
    PoolRow((400,), (300,), (100,), ((0, 0),)),
    PoolRow((50, 60), (50, 60), (1, 1), ((0, 0), (0, 0))),
    PoolRow((14, 15, 16), (14, 15, 16), (1, 1, 1), ((0, 0),) * 3),
)
_SPECIAL = ("nan", "inf", "-inf")
_CLAIM = "The result is of the input's element type, within that type's bound."


def cases(seed: int) -> Iterator[Case]:
    """Yield the combinations, the chosen rows of each element type, and special numbers."""
    for rank in (1, 2, 3):
        fields = itertools.product(_SIZES[rank], _STRIDES[rank], _PADS[rank])
        rows = [PoolRow(_CELLS[rank], *each) for each in fields]
        for row in filter(lambda row: row.is_legal, rows):
            yield from _combined(row, seed)
    for row in CHOSEN:
        yield from _chosen(row, seed)
    for row, dtype in itertools.product(_LONG, HALF_DTYPES):
        for slug, problem in row.problems(channels_last=True, dtype=dtype, values="positive"):
            yield forward_case("dtype", f"long-{slug}-{dtype}", replace(problem, seed=seed), _CLAIM)


def _combined(row: PoolRow, seed: int) -> Iterator[Case]:
    """Yield the maximum or one of the other kinds, in one layout, in float32 or float64."""
    chance = zlib.crc32(row.id.encode()) >> 8  # the same in every process
    dtype = "float64" if chance & 6 == 6 else "float32"
    first, *others = row.problems(channels_last=bool(chance & 1), dtype=dtype, seed=seed)
    slug, problem = first if chance & 8 else others[(chance >> 4) % len(others)]
    yield forward_case("full", f"{slug}-{dtype}", problem)


def _chosen(row: PoolRow, seed: int) -> Iterator[Case]:
    chance = zlib.crc32(row.id.encode()) >> 8
    for last in (True, False):
        for slug, problem in row.problems(channels_last=last, seed=seed):
            yield forward_case("core", slug, problem)
    for number, (slug, problem) in enumerate(row.problems(channels_last=chance & 2 > 0, seed=seed)):
        yield forward_case("core", f"{slug}-eighths", replace(problem, values="eighths"))
        half = replace(problem, dtype=HALF_DTYPES[(chance >> 2) + number & 1])
        yield forward_case("dtype", f"{slug}-{half.dtype}", half, _CLAIM)
    for kind in KINDS:
        chance += 1
        problem = row.problem(kind, channels_last=bool(chance & 1), seed=seed)
        yield _special(row, kind, problem)


def reaches(backend: Backend, problem: Problem) -> Measured:
    """Make one cell a sample NaN or infinite, in turn, and compare every window.

    NaN is the maximum of its window; one infinity in a sum is the sum.
    """
    assert isinstance(problem.op, Pool)
    x, measured = problem.arrays[0], []
    function, limits = plan(backend, problem), problem.expected[1].max(initial=0)
    places = np.unique(np.linspace(0, x[0].size - 1, 16).astype(int))
    for special in _SPECIAL:
        spoilt = np.repeat(x[:1], len(places), axis=0)
        spoilt.reshape(len(places), -1)[range(len(places)), places] = float(special)
        with np.errstate(all="ignore"):
            want = pool(spoilt, **pool_fields(problem.op))
            got = apply(backend, function, problem.dtype, spoilt)
        what = f"the result with one {special}"
        measured.append(require_within(got, want, 2 * limits, problem.dtype, what))
    return worst(measured)


def _special(row: PoolRow, kind: str, problem: Problem) -> Case:
    slug = f"counting-pads-{row.id}" if kind == "counting-pads" else row.id
    slug = f"special-{slug}-{'last' if problem.channels_last else 'first'}"
    claim = "NaN and infinity reach the windows that they are in, and no other."
    return problem_case("edge", slug, reaches, claim, problem)
