"""Sizes past every block, drawn anew for each seed: samples, cells, channels, taps and results.

A block's size is a power of two, and what comes after the last whole block is other code. Numbers
are multiples of 1/8, whose sums are exact, so that a single wrong cell shows. All cells of a result
are compared. The cotangent of a gradient is zero but for a few dozen places, of which some are the
last ones, and a gradient is compared by its inner product with numbers that are nowhere zero.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness, whole_arrays
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.vast_draws import drawn_problems
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_kind, require_within, worst
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Op, Pool, Resize, Upsample

_PLACES = 48
_CLAIM = "Each cell of the result is the exact one, however large batch, image and channels are."
_SLOPES = "Gradients are the exact ones, however large batch, image and channels are."


def cases(seed: int) -> Iterator[Case]:
    """Yield the result and the gradients of each drawn problem, or of several in one case."""
    for slug, problems in drawn_problems(seed):
        problem, *more = problems
        yield problem_case("full", slug, results, _CLAIM, problem, *more, used=more)
        if slug.startswith("vast-results") and not problem.weight_shapes:
            continue  # the gradients of large images are asked for as such
        if len(problems) > 3:  # the usual kernels: two of them, others each seed
            first = (seed + len(slug)) % 3
            problems = problems[first::2][:2]
        problem, *more = problems
        needs = ("gradients",)
        yield problem_case("grad", slug, gradients, _SLOPES, problem, *more, needs=needs, used=more)


def results(backend: Backend, *problems: Problem) -> Measured:
    """Compare each cell of each result."""
    return worst([_result(backend, problem) for problem in problems])


def gradients(backend: Backend, *problems: Problem) -> Measured:
    """Compare the inner product of each gradient with that of the exact one."""
    return worst([each for problem in problems for each in _gradients(backend, problem)])


def _result(backend: Backend, problem: Problem) -> Measured:
    want = whole_arrays.computed(problem.op, *problem.arrays)
    limit = harness.accuracy(backend, problem) * _largest_error(problem)
    got = harness.run(backend, problem)
    require_kind(got, want.shape, problem.dtype)
    if np.array_equal(got, want):  # of a million cells nothing more need be computed
        return Measured(dtype=problem.dtype, bounds=0.0, ulps=0.0)
    return require_within(got, want, limit, problem.dtype)


def _gradients(backend: Backend, problem: Problem) -> Iterator[Measured]:
    """Yield how far each gradient is off: <gradient, v> = <cotangent, slope of the op along v>."""
    op, arrays = problem.op, problem.arrays
    result = whole_arrays.computed(op, *arrays)
    rng = np.random.default_rng((problem.seed, zlib.crc32(repr(problem).encode())))
    places = _places(rng, result.shape)
    weights = np.zeros(result.shape)
    weights[places] = _nowhere_zero(rng, (len(places[0]),))
    found = harness.gradients(backend, problem, weights)
    names = ("the input's gradient", "the kernel's gradient", "the bias's gradient")
    for at, (name, gradient) in enumerate(zip(names, found, strict=False)):
        along = _nowhere_zero(rng, arrays[at].shape)
        want = float((weights[places] * _slopes(op, arrays, at, along)[places]).sum())
        got = np.asarray((gradient.astype(np.float64) * along).sum())
        # Each of the places adds at most 4 times as much as a cell's own error.
        limit = harness.accuracy(backend, problem) * 4 * _PLACES * _largest_error(problem)
        what = f"{name} times numbers of its shape"
        yield require_within(got, want, limit, "float64", what)


def _places(rng: np.random.Generator, shape: Sequence[int]) -> tuple[Array, ...]:
    """Return where the cotangent is not zero: anywhere, and at both ends."""
    size = int(np.prod(shape))
    drawn = rng.integers(0, size, _PLACES - 2)
    return np.unravel_index(np.unique([0, *drawn, size - 1]), tuple(shape))


def _slopes(op: Op, arrays: Sequence[Array], at: int, along: Array) -> Array:
    """Return how fast the result changes as the array at this place changes along another."""
    if isinstance(op, Pool) and op.kind == "max":
        return _slopes_of_maxima(op, arrays[0], along)
    x, *weights = arrays
    if at < 2:
        changed = [along if place == at else array for place, array in enumerate(arrays[:2])]
        return whole_arrays.computed(op, *changed)
    nothing = np.zeros_like(x)
    return whole_arrays.computed(op, nothing, weights[0], along)


def _slopes_of_maxima(op: Pool, x: Array, along: Array) -> Array:
    """Return what is along at the first cell of each window that has the window's maximum.

    Maxima of pairs (value, how late the cell comes) are ordered as one number.
    """
    cells, tangent = (a if op.channels_last else np.moveaxis(a, 1, -1) for a in (x, along))
    late = np.arange(int(np.prod(cells.shape[1:-1]))).reshape(1, *cells.shape[1:-1], 1)
    ranked = 2.0**30 * cells - late
    largest = whole_arrays.computed(replace(op, channels_last=True), ranked)
    place = np.rint(2.0**27 * np.ceil(largest / 2.0**27) - largest).astype(int)
    samples, channels = (np.arange(n) for n in (cells.shape[0], cells.shape[-1]))
    flat = tangent.reshape(len(cells), -1, cells.shape[-1])
    around = (-1, *(1,) * (cells.ndim - 1))
    found: Array = flat[samples.reshape(around), place, channels]
    return found if op.channels_last else np.moveaxis(found, -1, 1)


def _largest_error(problem: Problem) -> float:
    """Return how far a right cell may be from the exact one: every product is at most 4."""
    op, dtype = problem.op, problem.dtype
    if isinstance(op, Upsample | Resize):
        return 0.0 if op.interpolation == "nearest" else float(bounds.conv_bound(8, 8, dtype))
    length = problem.reduction_length
    if isinstance(op, Pool):
        length = 0 if op.kind == "max" else int(np.prod(op.size)) + bounds.DIVISION_ROUNDINGS
    return float(bounds.conv_bound(4.0 * max(length, 1), length, dtype))


def _nowhere_zero(rng: np.random.Generator, shape: Sequence[int]) -> Array:
    return np.asarray(rng.integers(1, 9, tuple(shape)) * rng.choice([-1, 1], tuple(shape)) / 8)
