"""Two lowered functions do not interfere, however little they differ.

A backend may keep what it lowered, by op and signature. Here are pairs that differ in one thing:
a key without it gives one the other's answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import allowed, apply
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, Pad, Upsample

_BASE = {
    1: ConvRow("", (6,), (3,), (2,), ((1, 0),), (1,), 1, (4, 4), bias=True),
    2: ConvRow("", (5, 6), (2, 3), (1, 2), ((1, 0), (0, 1)), (1, 1), 1, (4, 4), bias=True),
    3: ConvRow("", (3, 4, 4), (2, 1, 2), (1, 1, 2), ((1, 0),) * 3, (1,) * 3, 1, (4, 4), bias=True),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the pairs of every rank."""
    for rank, base in _BASE.items():
        for slug, changes, numbers in _changes(base):
            other = replace(base, **changes)
            for is_last, make in (
                (rank % 2 == 1, conv_problem),
                (rank % 2 == 0, transpose_problem),
            ):
                first = make(base, channels_last=is_last, seed=seed)
                layout_changed = {"channels_last": not is_last} if slug == "layout" else {}
                options: dict[str, Any] = {"channels_last": is_last, **layout_changed, **numbers}
                yield _case(slug, first, make(other, seed=seed + 1, **options))
    for is_last in (True, False):
        shape = (2, 4, 4, 4)
        ops: tuple[tuple[str, Pad | Upsample, Pad | Upsample], ...] = (
            ("pads", _pad(((1, 0), (0, 1)), is_last), _pad(((0, 1), (1, 0)), is_last)),
            ("layout", _pad(((1, 0), (0, 1)), is_last), _pad(((1, 0), (0, 1)), not is_last)),
            (
                "factors",
                _upsample((2, 3), "nearest", is_last),
                _upsample((3, 2), "nearest", is_last),
            ),
            (
                "interpolation",
                _upsample((2, 3), "nearest", is_last),
                _upsample((2, 3), "bilinear", is_last),
            ),
        )
        for slug, one, two in ops:
            pair = [Problem(op=op, input_shape=shape, seed=seed) for op in (one, two)]
            yield _case(f"{slug}-{'last' if is_last else 'first'}", *pair)


def interleaved(backend: Backend, one: Problem, other: Problem) -> Measured:
    """Lower one, then the other, compute both alternately, lower the first again and compute it."""
    functions = [harness.plan(backend, problem) for problem in (one, other)]
    order = [(one, functions[0]), (other, functions[1]), (one, functions[0])]
    again = harness.plan(backend, one)
    measured = []
    for problem, function in (*order, (other, functions[1]), (one, again)):
        got = apply(backend, function, problem.dtype, *problem.arrays)
        want, limits = problem.expected[0], allowed(backend, problem)
        what = "the first result" if problem is one else "the second result"
        measured.append((problem.dtype, require_within(got, want, limits, problem.dtype, what)))
    return worst([error for dtype, error in measured if dtype == one.dtype])


def _changes(base: ConvRow) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return the differences of pairs: a field of the geometry, or of the problem's numbers."""
    rank = len(base.size)
    pads = tuple(pair[::-1] for pair in base.pads)
    dilation = (1,) * (rank - 1) + (2,)
    return [
        ("size", {"size": tuple(n + 1 for n in base.size)}, {}),
        ("taps", {"kernel": (base.kernel[0] - 1, *base.kernel[1:])}, {}),
        ("strides", {"strides": (*base.strides[:-1], 1)}, {}),
        ("pads", {"pads": pads}, {}),
        ("dilation", {"dilation": dilation}, {}),
        ("groups", {"groups": 2}, {}),
        ("channels", {"channels": (2, 6)}, {}),
        ("bias", {"bias": False}, {}),
        ("activation", {"activation": "relu"}, {}),
        ("layout", {}, {}),
        ("dtype", {}, {"dtype": "float64"}),
        ("half", {}, {"dtype": "float16"}),
    ]


def _pad(pads: tuple[tuple[int, int], ...], is_last: bool) -> Pad:
    return Pad(pads=pads, channels_last=is_last)


def _upsample(factors: tuple[int, ...], interpolation: str, is_last: bool) -> Upsample:
    return Upsample(factors=factors, interpolation=interpolation, channels_last=is_last)


def _case(slug: str, one: Problem, other: Problem) -> Case:
    slug = f"lowered-beside-other-{slug}"
    claim = "Two functions lowered side by side each give their own answer."
    return problem_case("contract", slug, interleaved, claim, one, other, used=[other])
