"""Gradients at kinks and ties, of ops whose numbers are -1, 0 and 1.

All sums are exact in every element type, so that many are exactly zero: a fused relu stands at its
kink, where its slope is 0, and a maximum at ties, of which the first cell counts. The gradients of
first and second order are exact as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import CHOSEN, alternating, layout
from convdispatch.conformance.cases.pool_rows import PoolRow
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.adjoints import cotangent, gradients, second_gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.forms import Known
from convdispatch.numerics.problem import Array, Problem, round_to
from convdispatch.ops import FLOAT_DTYPES, Backend, Dense

# Windows that overlap, so that one cell is the first of several ties.
_POOLS = (
    PoolRow((9,), (3,), (1,), ((1, 1),)),
    PoolRow((5, 6), (2, 3), (1, 2), ((0, 1), (1, 0))),
    PoolRow((4, 3, 4), (2, 2, 2), (2, 1, 1), ((0, 0), (1, 0), (0, 1))),
)
_SECOND = (
    "1d-strided-dilated", "2d-plain", "2d-groups",
)  # fmt: skip

_CLAIM = "Gradients at a kink and at ties are those of the definition: relu's slope at 0 is 0."
_SECOND_CLAIM = "Gradients of gradients of exact numbers are exact in each element type."


def cases(seed: int) -> Iterator[Case]:
    """Yield products with relu and poolings, in element types that take turns."""
    kinked = tuple(replace(row, bias=True, activation="relu") for row in CHOSEN[::2])
    for ending, problem in alternating(kinked, values="ternary", seed=seed):
        for dtype in ("float32", _another(ending, ("float16", "bfloat16", "float64"))):
            yield _case(f"at-kinks-{ending}", replace(problem, dtype=dtype))
        if ending.rpartition("-")[0] in _SECOND:
            dtype = _another(ending, ("float16", "bfloat16", "float32"))
            yield _second(f"second-at-kinks-{ending}", replace(problem, dtype=dtype))
    for dtype in FLOAT_DTYPES:
        dense = Problem(
            op=Dense(bias=True, activation="relu"),
            input_shape=(3, 4, 5),
            weight_shapes=((5, 6), (6,)),
            values="ternary",
            dtype=dtype,
            seed=seed,
        )
        yield _case("at-kinks", dense)
        yield _second("second-at-kinks", dense)
        for row in _POOLS:
            is_last = bool(zlib.crc32(f"{row.id}-{dtype}".encode()) & 1)
            numbers = {"values": "ternary", "dtype": dtype, "seed": seed}
            problem = row.problem("max", channels_last=is_last, **numbers)
            yield _case(f"at-ties-{row.id}-{layout(problem)}", problem)


def at_kinks(backend: Backend, problem: Problem) -> Measured:
    """Compare each gradient of sum(op(*arrays) * cotangent) with the exact one, to the bit."""
    found = harness.gradients(backend, problem, cotangent(problem))
    return _require_exact(found, gradients(problem), problem)


def second_at_kinks(backend: Backend, problem: Problem) -> Measured:
    """Compare the gradients of the squared norm of all gradients with the exact ones."""
    found = harness.second_gradients(backend, problem, cotangent(problem))
    return _require_exact(found, second_gradients(problem), problem)


def _require_exact(found: Sequence[Array], wanted: Sequence[Known], problem: Problem) -> Measured:
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} gradients came back for {len(wanted)} tensors")
    names = ("the input's gradient", "the kernel's gradient", "the bias's gradient")
    with np.errstate(over="ignore"):
        exact = [round_to(want.value, problem.dtype) for want in wanted]
    rows = zip(found, exact, names, strict=False)
    return worst([require_within(got, want, 0, problem.dtype, name) for got, want, name in rows])


def _another(slug: str, dtypes: tuple[str, ...]) -> str:
    return dtypes[zlib.crc32(slug.encode()) % len(dtypes)]


def _case(slug: str, problem: Problem) -> Case:
    slug = f"{slug}-{problem.dtype}"
    return problem_case("grad", slug, at_kinks, _CLAIM, problem, needs=("gradients",))


def _second(slug: str, problem: Problem) -> Case:
    needs = ("gradients", "second_order")
    slug = f"{slug}-{problem.dtype}"
    return problem_case("grad", slug, second_at_kinks, _SECOND_CLAIM, problem, needs=needs)
