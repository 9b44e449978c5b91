"""An op that is lowered for sizes that a framework does not know while it traces.

The function that `lower` returns for such a signature computes tensors of every size. No framework
has to trace for that: here the function gets tensors of two sizes, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    allowed,
    alternating,
    described,
    layout,
    problem_of,
    spatial_axes,
)
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.conformance.cases.gradients import require_gradients
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Problem
from convdispatch.ops import (
    Backend,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Shape,
    Signature,
    Upsample,
)

# Those whose gradients are computed as well.
_DIFFERENTIATED = tuple(
    geometry
    for geometry in GEOMETRIES
    if geometry.id
    in (
        "1d-stride-3-leaves-cells-unread",
        "1d-pad-and-crop",
        "2d-mixed-strides",
        "2d-depthwise-strided",
        "2d-groups-strided-dilated",
        "3d-mixed-pads",
    )
)


def cases(seed: int) -> Iterator[Case]:
    """Yield convolutions and their adjoints, each other op, and the gradients of some."""
    for ending, problem in alternating(seed=seed):
        yield _case("edge", ending, problem, compute_every_size, "Each size has the exact result")
    for op in _OTHERS:
        problem = problem_of(op, size=(5, 4, 3), seed=seed)
        ending = f"{described(op)}-{layout(problem)}"
        yield _case("edge", ending, problem, compute_every_size, "Each size has the exact result")
        if not isinstance(op, Dense | Pad):
            yield _gradient_case(ending, replace(problem, dtype="float64"))
    for ending, problem in alternating(_DIFFERENTIATED, dtype="float64", seed=seed):
        yield _gradient_case(ending, problem)


def of_unknown_sizes(op: Op, signature: Signature) -> tuple[Op, Signature]:
    """Return the op and the signature without any size but that of the channels."""
    count = len(signature.input_shape) - 1
    is_last = isinstance(op, Dense) or op.channels_last
    channels = signature.input_shape[-1 if is_last else 0]
    unknown = (None,) * count
    shape = (*unknown, channels) if is_last else (channels, *unknown)
    if isinstance(op, ConvTranspose):
        op = replace(op, output_size=unknown)
    return op, replace(signature, input_shape=shape)


def compute_every_size(backend: Backend, problem: Problem) -> Measured:
    """Lower the op once, and compare its results for two sizes with the exact ones."""
    function = harness.lower(backend, *of_unknown_sizes(problem.op, problem.signature))
    measured = []
    for own in _of_two_sizes(problem):
        got = np.asarray(backend.to_numpy(function(*harness.tensors(backend, own))))
        what = f"the result of an input of shape {own.input_shape}"
        limits = allowed(backend, own)
        measured.append(require_within(got, own.expected[0], limits, own.dtype, what))
    return worst(measured)


def differentiate_every_size(backend: Backend, problem: Problem) -> Measured:
    """Lower the op once, and compare its gradients for two sizes with the exact ones."""
    function = harness.lower(backend, *of_unknown_sizes(problem.op, problem.signature))
    factor = harness.accuracy(backend, problem)
    return worst(
        [
            require_gradients(
                harness.gradients(backend, own, cotangent(own), function),
                gradients(own),
                own,
                factor,
            )
            for own in _of_two_sizes(problem)
        ]
    )


def _of_two_sizes(problem: Problem) -> list[Problem]:
    """Return the problem, and one with 1, 2 and 3 cells more along the axes."""
    shape = list(problem.input_shape)
    for more, axis in enumerate(spatial_axes(problem), 1):
        shape[axis] += more
    found = [problem, replace(problem, input_shape=tuple(shape))]
    return [
        replace(one, op=replace(one.op, output_size=_written(one.op, one)))
        if isinstance(one.op, ConvTranspose)
        else one
        for one in found
    ]


def _written(op: ConvTranspose, problem: Problem) -> Shape:
    """Return the output's size that a transposed convolution has where the sizes are unknown."""
    read = (problem.input_shape[axis] for axis in spatial_axes(problem))
    axes = zip(read, problem.weight_shapes[0], op.strides, op.dilation, op.pads, strict=False)
    return tuple(
        (cells - 1) * stride + (taps - 1) * rate + 1 - low - high
        for cells, taps, stride, rate, (low, high) in axes
    )


def _case(level: str, slug: str, problem: Problem, check: Check, claim: str) -> Case:
    claim = f"{claim} within the bound, by one function, lowered for unknown sizes."
    slug, needs = f"unknown-sizes-{slug}", ("unknown_sizes",)
    return problem_case(level, slug, check, claim, problem, needs=needs)


def _gradient_case(slug: str, problem: Problem) -> Case:
    claim = "Each size has the exact gradients"
    case = _case("grad", slug, problem, differentiate_every_size, claim)
    extra = ("gradients", f"{case.op}:gradients")
    return replace(case, features=(*case.features, *extra))


def _pool(kind: str, *, counts_pads: bool = False, channels_last: bool = True) -> Pool:
    return Pool(
        kind=kind,
        size=(3, 2),
        strides=(2, 1),
        pads=((1, 1), (0, 1)),
        counts_pads=counts_pads,
        channels_last=channels_last,
    )


_OTHERS: tuple[Op, ...] = (
    Dense(bias=True, activation="linear"),
    Pad(pads=((1, -1), (0, 2)), channels_last=False),
    Pad(pads=((0, 2), (-1, 0), (2, -1)), channels_last=True),
    Upsample(factors=(3,), interpolation="nearest", channels_last=False),
    Upsample(factors=(2, 3), interpolation="nearest", channels_last=True),
    Upsample(factors=(2, 3), interpolation="bilinear", channels_last=True),
    Upsample(factors=(4, 1), interpolation="bilinear", channels_last=False),
    _pool("max"),
    _pool("max", channels_last=False),
    _pool("sum"),
    _pool("average", channels_last=False),
    _pool("average", counts_pads=True),
)
