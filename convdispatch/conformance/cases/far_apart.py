"""Taps that read nothing but pads, strides over the image, and crops of more than a stride.

The resolved form of such an op is lowered, and compared with the oracle's result of the op
itself. Where its numbers are too large for any oracle, it is compared with a small op that does
the same, which is written beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    allowed,
    alternating,
    apply,
    convolution,
    layout,
)
from convdispatch.conformance.cases.conv_rows import ConvRow, problems
from convdispatch.conformance.cases.gradients import require_gradients
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend, Conv, ConvTranspose, Shape

# fmt: off
_CROPS = (
    ConvRow("2d-crop-high", (7, 6), (2, 3), (1, 1), ((0, -3), (0, 0))),
    ConvRow("2d-crop-high-strided", (9, 8), (2, 2), (2, 3), ((0, -5), (0, 0)), bias=True),
    ConvRow("3d-crop-high-strided", (6, 3, 7), (1, 2, 2), (2, 1, 2), ((0, -3), (0, 0), (0, -4))),
    ConvRow("1d-beside-the-image", (4,), (1,), (2,), ((5, -3),), bias=True),
    ConvRow("2d-beside-the-image", (4, 3), (1, 2), (2, 1), ((3, -3), (0, 1)), channels=(2, 4)),
)
_FAR_APART = (
    ConvRow("1d-taps-over-pads", (4,), (3,), (1,), ((30, 30),), (30,)),
    ConvRow("1d-causal-taps-over-pads", (4,), (3,), (1,), ((62, 0),), (31,), bias=True),
    ConvRow("1d-no-tap-on-the-image", (4,), (2,), (1,), ((20, 20),), (40,), bias=True,
             activation="relu"),
    ConvRow("1d-stride-over-image", (5,), (3,), (40,), bias=True),
    ConvRow("1d-full-strided-over-image", (2,), (3,), (5,), ((20, 20),), (7,)),
    ConvRow("1d-wide-kernel", (2,), (9,), (1,), ((4, 4),)),
    ConvRow("1d-depthwise-over-pads", (4,), (3,), (1,), ((9, 9),), (9,), 3, (3, 6)),
    ConvRow("2d-taps-over-pads", (4, 5), (3, 3), (1, 1), ((20, 20), (1, 1)), (20, 1), bias=True),
    ConvRow("2d-groups-over-pads", (3, 3), (3, 2), (1, 1), ((8, 8), (0, 7)), (8, 7), 2, (4, 6)),
    ConvRow("2d-no-tap-on-the-image", (3, 4), (2, 3), (1, 1), ((9, 9), (1, 1)), (18, 1)),
    ConvRow("2d-strides-over-image", (3, 5), (2, 2), (30, 2), ((0, 0), (1, 1))),
    ConvRow("3d-taps-over-pads", (2, 3, 2), (3, 1, 3), (1, 1, 1), ((6, 6), (0, 0), (6, 6)),
             (6, 1, 6)),
)
_HUGE = 2**40
# A geometry that no oracle can compute, and a small one of the same result by taps from those on.
_SAME = (
    (ConvRow("1d-huge-dilation", (4,), (3,), (1,), ((_HUGE, _HUGE),), (_HUGE,)),
     ConvRow("", (4,), (1,)), (1,)),
    (ConvRow("1d-huge-stride", (4,), (3,), (_HUGE,)),
     ConvRow("", (4,), (3,), (2,)), (0,)),
    (ConvRow("2d-huge-dilation", (4, 5), (3, 3), (1, 1), ((_HUGE, _HUGE), (1, 1)), (_HUGE, 1)),
     ConvRow("", (4, 5), (1, 3), (1, 1), ((0, 0), (1, 1))), (1, 0)),
    (ConvRow("2d-huge-strides", (4, 5), (2, 3), (2**62, 2**31), ((0, 0), (0, 3))),
     ConvRow("", (4, 5), (2, 3), (3, 9)), (0, 0)),
    (ConvRow("3d-huge-dilation", (2, 3, 2), (2, 1, 2), (1, 1, 1), ((0, 0), (0, 0), (0, 2**50)),
              (1, 1, 2**50)),
     ConvRow("", (2, 3, 2), (2, 1, 1)), (0, 0, 0)),
)
# fmt: on


def cases(seed: int) -> Iterator[Case]:
    """Yield the crops, what is far apart with its gradients, and what is too far for an oracle."""
    for geometry in _CROPS:
        for problem in problems(geometry, seed=seed):
            yield forward_case("edge", f"{geometry.id}-{layout(problem)}", problem)
    for ending, problem in alternating(_FAR_APART, seed=seed):
        yield problem_case("edge", ending, resolved, _CLAIM, problem)
        slug, needs = f"gradients-{ending}", ("gradients",)
        yield problem_case("edge", slug, resolved_gradients, _GRADIENTS, problem, needs=needs)
    for huge, small, first in _SAME:
        pairs = zip(alternating((huge,)), _alike(small, huge, seed), strict=True)
        for (ending, problem), same in pairs:
            others = convolution(problem), problem.weight_shapes[0], first
            yield problem_case("edge", ending, equals_small, _SAME_RESULT, same, *others)


_CLAIM = "Taps that read nothing but pads, and strides over the image, change no result."
_GRADIENTS = (
    "The gradient of a tap that reads nothing but pads is zero, in the whole kernel's shape."
)
_SAME_RESULT = "Numbers beyond any image give the result of the small op that they reduce to."


def resolved(backend: Backend, problem: Problem) -> Measured:
    """Compare the resolved op's result with the oracle's result of the op itself."""
    got = apply(backend, harness.resolved_plan(backend, problem), problem.dtype, *problem.arrays)
    return require_within(got, problem.expected[0], allowed(backend, problem), problem.dtype)


def resolved_gradients(backend: Backend, problem: Problem) -> Measured:
    """Compare the gradients of the resolved op with those of the op itself."""
    function = harness.resolved_plan(backend, problem)
    found = harness.gradients(backend, problem, cotangent(problem), function)
    return require_gradients(found, gradients(problem), problem, harness.accuracy(backend, problem))


def equals_small(
    backend: Backend,
    problem: Problem,
    op: Conv | ConvTranspose,
    kernel_shape: Shape,
    first: tuple[int, ...],
) -> Measured:
    """Compare the huge op's result with the oracle's result of the small problem.

    The kernel of the huge one is that of the small one from those taps on, and NaN elsewhere.
    """
    x, part = problem.arrays
    kernel = np.full(kernel_shape, np.nan)
    ends = (start + taps for start, taps in zip(first, part.shape, strict=False))
    kernel[tuple(map(slice, first, ends))] = part
    huge = replace(problem, op=op, weight_shapes=(kernel_shape,))
    got = apply(backend, harness.resolved_plan(backend, huge), problem.dtype, x, kernel)
    return require_within(got, problem.expected[0], allowed(backend, problem), problem.dtype)


def _alike(small: ConvRow, huge: ConvRow, seed: int) -> Iterator[Problem]:
    """Yield the small convolution and its adjoint in the layouts of the huge ones."""
    for _, problem in alternating((replace(small, id=huge.id),), seed=seed):
        yield problem
