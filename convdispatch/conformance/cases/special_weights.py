"""Infinite and NaN weights, multiplied with cells of the image and with the zeros of pads.

A weight meets a cell of the image in each result that reads the cell by its tap. A pad is a cell
that holds zero, so that infinity over it is NaN: a backend whose kernels leave pads out declares
'nonfinite_weights'. A transposed convolution has no pads that could be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    CHOSEN,
    alternating,
    apply,
    channel_axis,
    convolution,
    linear,
)
from convdispatch.conformance.cases.conv_rows import ConvRow
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, Problem, before_bias
from convdispatch.ops import Backend

DECLARED = "nonfinite_weights"
# Most results of these read pads on both sides, and by every kind of kernel.
# fmt: off
_PADDED = (
    ConvRow("1d-same", (2,), (3,), pads=((1, 1),), channels=(1, 1)),
    ConvRow("1d-wide-pads", (5,), (4,), (2,), ((3, 3),), channels=(2, 3)),
    ConvRow("1d-taps-far-apart", (60,), (3,), (1,), ((25, 25),), (25,)),
    ConvRow("1d-depthwise-pads", (6,), (3,), (2,), ((2, 1),), groups=3, channels=(3, 6)),
    ConvRow("2d-same", (5, 4), (3, 3), pads=((1, 1), (1, 1)), channels=(3, 4)),
    ConvRow("2d-same-strided", (6, 6), (3, 3), (2, 2), ((0, 1), (0, 1)), channels=(3, 4)),
    ConvRow("2d-dilated-pads", (6, 6), (3, 3), (1, 1), ((2, 2), (2, 2)), (2, 2)),
    ConvRow("2d-groups-pads", (5, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (), 2, (4, 6)),
    ConvRow("2d-depthwise-pads", (6, 6), (3, 3), (1, 1), ((1, 1), (1, 1)), (), 4, (4, 4)),
    ConvRow("2d-pad-and-crop", (6, 6), (3, 2), (1, 1), ((1, -1), (-1, 1)), (1, 1)),
    ConvRow("3d-same", (3, 4, 3), (3, 3, 3), pads=((1, 1),) * 3),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield a case of what weights meet in the image, and one of pads, for each special number."""
    image = "An infinite or NaN weight gives the right products with all cells, zeros included."
    pads = (
        "Pads are zeros that are multiplied like all others; a transposed convolution reads none."
    )
    for ending, problem in alternating((*CHOSEN[::2], *_PADDED), seed=seed):
        for special in ("inf", "-inf", "nan"):
            drawn = linear(problem)
            slug = f"{special}-weight-meets-image-{ending}"
            yield problem_case("edge", slug, meets_image, image, drawn, special)
            if special != "-inf":
                half = replace(drawn, dtype="float16")
                for dtype, one in (("", drawn), ("-float16", half)):
                    slug = f"{special}-weight-meets-pads-{ending}{dtype}"
                    needs = (DECLARED,)
                    yield problem_case("edge", slug, meets_pads, pads, one, special, needs=needs)


def meets_image(backend: Backend, problem: Problem, special: str) -> None:
    """Compare each result that such a weight contributes to, for ordinary cells and for zeros.

    A result of its filter that it meets no cell for may be NaN, by a pad; no other filter's is.
    """
    x, kernel = problem.arrays
    op, function = convolution(problem), harness.resolved_plan(backend, problem)
    spatial = tuple(axis for axis in range(x.ndim) if axis != channel_axis(problem))
    for place in _places(kernel):
        spoilt, without, alone = _spoilt(kernel, place, special)
        must = before_bias(op, np.ones_like(x), alone) > 0
        own = must.any(axis=spatial, keepdims=True)
        for cells in (x, np.zeros_like(x)):
            with np.errstate(all="ignore"):
                got = apply(backend, function, problem.dtype, cells, spoilt)
                products = float(special) * before_bias(op, cells, alone)
            want = before_bias(op, cells, without)
            want[must] = products[must]
            want[own & ~must & np.isnan(got)] = np.nan
            what = f"the result with {special} for weight {place}"
            require_within(got, want, _limits(backend, problem), problem.dtype, what)


def meets_pads(backend: Backend, problem: Problem, special: str) -> Measured:
    """Compare every result with the oracle's, which multiplies the zeros around the image.

    The taps that `resolving` drops, for they read nothing else, count for nothing.
    """
    x, kernel = problem.arrays
    op, function = convolution(problem), harness.resolved_plan(backend, problem)
    measured = None
    for place in _places(kernel):
        spoilt, without, alone = _spoilt(kernel, place, special)
        is_dropped = not before_bias(op, np.ones_like(x), alone).any()
        with np.errstate(all="ignore"):
            want = before_bias(op, x, without if is_dropped else spoilt)
            got = apply(backend, function, problem.dtype, x, spoilt)
        what = f"the result with {special} for weight {place}"
        measured = require_within(got, want, _limits(backend, problem), problem.dtype, what)
    if measured is None:
        raise Mismatch("no weight was tried")
    return measured


def _places(kernel: Array) -> tuple[int, ...]:
    return tuple(dict.fromkeys((0, kernel.size // 2, kernel.size - 1)))


def _spoilt(kernel: Array, place: int, special: str) -> tuple[Array, Array, Array]:
    """Return the kernel with the special number, with a zero there, and with a one there alone."""
    spoilt, without, alone = kernel.copy(), kernel.copy(), np.zeros_like(kernel)
    for array, number in ((spoilt, float(special)), (without, 0), (alone, 1)):
        array.reshape(-1)[place] = number
    return spoilt, without, alone


def _limits(backend: Backend, problem: Problem) -> Array:
    x, kernel = problem.arrays
    absolute = before_bias(convolution(problem), np.abs(x), np.abs(kernel))
    bound = bounds.conv_bound(absolute, problem.reduction_length, problem.dtype)
    return np.asarray(harness.accuracy(backend, problem) * bound)
