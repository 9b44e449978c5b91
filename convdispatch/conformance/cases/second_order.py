"""Second gradients: an engine that differentiates its own derivatives gets other formulas wrong.

The scalar is the squared norm of all first gradients. Where the activation is linear or relu it
depends on input and kernel through the form itself; sigmoid and tanh add their second derivative.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import layout, pick
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.conformance.cases.gradients import require_gradients
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.adjoints import cotangent, second_gradients
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend

# Those of `GEOMETRIES` in which derivatives of strides, dilation, crops and groups meet.
_CHOSEN = (
    "1d-plain", "1d-even-kernel", "1d-stride-3-leaves-cells-unread", "1d-stride-over-kernel",
    "1d-kernel-is-input", "1d-causal-dilated", "1d-strided-dilated", "1d-strided-dilated-even",
    "1d-pad-and-crop", "1d-crop-and-pad-strided", "1d-groups", "1d-depthwise", "1d-one-cell",
    "2d-plain", "2d-pointwise-strided", "2d-mixed-strides", "2d-strides-over-kernel",
    "2d-strided-dilated", "2d-crop-and-pad", "2d-groups", "2d-depthwise-strided",
    "2d-depthwise-dilated", "2d-groups-strided-dilated", "3d-mixed-pads", "3d-strided-dilated",
    "3d-depthwise",
)  # fmt: skip

_CURVED = {"1d-strided-dilated": "tanh", "2d-groups": "sigmoid", "3d-plain": "tanh"}


def match_second_gradients(backend: Backend, problem: Problem) -> Measured:
    """Compare the gradients of the squared norm of all gradients with the exact ones."""
    found = harness.second_gradients(backend, problem, cotangent(problem))
    factor = harness.accuracy(backend, problem)
    return require_gradients(found, second_gradients(problem), problem, factor)


CLAIM = "The gradient of the squared norm of all gradients is the exact one."


def cases(seed: int) -> Iterator[Case]:
    """Yield the chosen geometries, and some of them with an activation that is curved."""
    by_id = {geometry.id: geometry for geometry in GEOMETRIES}
    for name in _CHOSEN:
        yield from _one_of_each(by_id[name], seed)
    for name, activation in _CURVED.items():
        curved = replace(by_id[name], id=f"{name}-{activation}", bias=True, activation=activation)
        yield from _one_of_each(curved, seed)


def _one_of_each(geometry: ConvRow, seed: int) -> Iterator[Case]:
    """Yield the convolution in one layout and its adjoint in the other, and one in float32."""
    first = bool(zlib.crc32(geometry.id.encode()) & 1)
    numbers = {"dtype": "float64", "seed": seed}
    conv = conv_problem(geometry, channels_last=not first, **numbers)
    transposed = transpose_problem(geometry, channels_last=first, **numbers)
    yield _case(geometry.id, conv)
    yield _case(geometry.id, transposed)
    # A backend that declines float64 is asked too, about one of the two.
    chosen = pick((conv, transposed), f"float32 {geometry.id}")
    yield _case(geometry.id, replace(chosen, dtype="float32"))


def _case(slug: str, problem: Problem) -> Case:
    slug = f"second-order-{slug}-{layout(problem)}"
    slug += "" if problem.dtype == "float64" else f"-{problem.dtype}"
    needs = ("gradients", "second_order")
    return problem_case("grad", slug, match_second_gradients, CLAIM, problem, needs=needs)
