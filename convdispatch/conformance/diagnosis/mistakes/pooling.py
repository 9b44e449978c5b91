"""Mistakes with windows: what is made of their cells, and what pads and NaN count for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.mistake import (
    Answer,
    Mistake,
    Numbers,
    OfOp,
    computed,
)
from convdispatch.numerics import oracle, oracle_pooling
from convdispatch.numerics.problem import Array, Problem, pool_fields
from convdispatch.ops import Pool


def _kind(kind: str) -> Any:
    """Pool by another kind."""

    def changed(op: Pool, _: Problem) -> Pool:
        return op if op.kind == kind else replace(op, kind=kind, counts_pads=False)

    return OfOp(changed)


def _counting(counts_pads: bool) -> Any:
    """Count pads, or do not, in averages alone."""

    def changed(op: Pool, _: Problem) -> Pool:
        return replace(op, counts_pads=counts_pads) if op.kind == "average" else op

    return OfOp(changed)


def _over_padded(value: float) -> Numbers:
    """Fill the pads with a number that takes part in the windows."""

    def numbers(problem: Problem) -> Answer:
        op: Any = problem.op
        if op.kind != "max" or max(map(max, op.pads)) <= 0:
            return None
        x = problem.arrays[0]
        padded = oracle.pad(x - value, op.pads, channels_last=op.channels_last) + value
        bare = replace(op, pads=((0, 0),) * len(op.pads), counts_pads=False)
        return computed(bare, (padded,), problem.dtype)

    return numbers


def _of_sums(divisor: Callable[[Array, Problem], Array]) -> Numbers:
    """Divide the sums of an average by other numbers: divisor(right divisors, problem)."""

    def numbers(problem: Problem) -> Answer:
        op: Any = problem.op
        if op.kind != "average":
            return None
        fields = {**pool_fields(op), "kind": "sum", "counts_pads": False}
        sums = oracle_pooling.pool(problem.arrays[0], **fields)
        counts = oracle_pooling.pool(np.ones_like(problem.arrays[0]), **fields)
        allowed = problem.expected[1]
        wrong = sums / divisor(counts, problem)
        return wrong, allowed * np.maximum(1, counts)

    return numbers


def _corner_count(counts: Array, problem: Problem) -> Array:
    first = (0,) * (counts.ndim - 2)
    return np.asarray(counts[(0, *first, 0)] if problem.channels_last else counts[(0, 0, *first)])


def _without_nan(problem: Problem) -> Answer:
    x = problem.arrays[0]
    if not np.isnan(x).any():
        return None
    op: Any = problem.op
    filler = -np.inf if op.kind == "max" else 0.0
    return computed(op, (np.where(np.isnan(x), filler, x),), problem.dtype)


def _smallest(problem: Problem) -> Answer:
    op: Any = problem.op
    if op.kind != "max":
        return None
    exact, allowed = computed(problem.op, (-problem.arrays[0],), problem.dtype)
    return -exact, allowed


POOLS = (
    Mistake(
        what="counting the pads in averages", ops=(Pool,), variants=(_counting(True),)
    ),
    Mistake(
        what="leaving the pads out of averages that count them",
        ops=(Pool,),
        variants=(_counting(False),),
    ),
    Mistake(
        what="dividing every window by the cells of the first one",
        ops=(Pool,),
        variants=(_of_sums(_corner_count),),
    ),
    Mistake(
        what="taking the pads for zeros in maxima", ops=(Pool,), variants=(_over_padded(0.0),)
    ),
    Mistake(
        what="reading the window's size in reverse order of axes",
        ops=(Pool,),
        variants=(OfOp(lambda op, _: replace(op, size=op.size[::-1])),),
    ),
    Mistake(what="leaving NaN out of windows", ops=(Pool,), variants=(_without_nan,)),
    Mistake(
        what="pooling by the smallest cell",
        ops=(Pool,),
        variants=(_smallest,),
    ),
    *(
        Mistake(what=f"pooling by {name}", ops=(Pool,), variants=(_kind(kind),))
        for name, kind in (("maxima", "max"), ("averages", "average"), ("sums", "sum"))
    ),
)  # fmt: skip
