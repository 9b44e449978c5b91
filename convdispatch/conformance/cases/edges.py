"""The smallest inputs: no sample, one sample, one cell on an axis, one channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.computing import alternating, layout
from convdispatch.conformance.cases.conv_rows import ConvRow, problems
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import Pad, Upsample

# fmt: off
_SMALLEST = (
    ConvRow("1d-one-cell-one-tap", (1,), (1,), channels=(1, 1)),
    ConvRow("1d-one-cell-padded", (1,), (3,), pads=((1, 1),), channels=(1, 2), bias=True),
    ConvRow("1d-one-cell-strided", (1,), (1,), (3,), channels=(2, 1)),
    ConvRow("1d-one-cell-dilated", (1,), (2,), (1,), ((3, 0),), (3,), channels=(2, 2)),
    ConvRow("1d-one-cell-left", (4,), (1,), pads=((-2, -1),), channels=(1, 3), bias=True),
    ConvRow("1d-one-output", (5,), (2,), (4,), channels=(1, 1), activation="relu"),
    ConvRow("1d-one-channel-a-group", (4,), (2,), groups=5, channels=(5, 5)),
    ConvRow("2d-row", (1, 5), (1, 3), channels=(1, 1), bias=True),
    ConvRow("2d-column", (5, 1), (2, 1), (2, 1), channels=(1, 2)),
    ConvRow("2d-one-cell", (1, 1), (1, 1), channels=(1, 1), activation="tanh"),
    ConvRow("2d-one-cell-padded", (1, 1), (3, 2), pads=((1, 1), (0, 1)), channels=(2, 1)),
    ConvRow("2d-flat-dilated", (1, 7), (1, 3), (1, 2), ((0, 0), (0, 1)), (1, 2), channels=(3, 1)),
    ConvRow("2d-flat-depthwise", (1, 6), (1, 2), (1, 2), groups=2, channels=(2, 2)),
    ConvRow("2d-one-output", (4, 3), (2, 2), (3, 2), channels=(1, 1), bias=True),
    ConvRow("3d-one-cell", (1, 1, 1), (1, 1, 1), channels=(1, 1), bias=True),
    ConvRow("3d-line", (1, 4, 1), (1, 3, 1), channels=(1, 1)),
    ConvRow("3d-plane", (3, 1, 3), (2, 1, 2), (1, 1, 2), channels=(1, 2)),
    ConvRow("3d-one-cell-padded", (1, 1, 1), (2, 1, 3), (2, 1, 1), ((1, 0), (0, 0), (1, 1)),
             channels=(2, 1)),
)
# fmt: on
_RESHAPING = (
    Pad(pads=((1, 2),), channels_last=True),
    Pad(pads=((0, 3), (-1, 0)), channels_last=False),
    Pad(pads=((1, 0), (0, 0), (0, 1)), channels_last=True),
    Upsample(factors=(4,), interpolation="nearest", channels_last=False),
    Upsample(factors=(2, 3), interpolation="nearest", channels_last=True),
    Upsample(factors=(2, 3), interpolation="bilinear", channels_last=False),
    Upsample(factors=(1, 2, 2), interpolation="nearest", channels_last=True),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield forward cases of the smallest sizes, and the chosen geometries without a sample."""
    for geometry in _SMALLEST:
        for problem in problems(geometry, seed=seed):
            slug = f"{geometry.id}-{layout(problem)}"
            yield forward_case("edge", slug, with_batch(problem, 1))
    for ending, problem in alternating(seed=seed):
        yield _empty(ending, problem)
        half = replace(problem, dtype="float16")
        yield _empty(f"{ending}-float16", half)
    for op in _RESHAPING:
        rank = len(op.pads if isinstance(op, Pad) else op.factors)
        shape = (1, *(1, 2, 1)[:rank], 1) if op.channels_last else (1, 1, *(1, 2, 1)[:rank])
        kind = op.interpolation if isinstance(op, Upsample) else "zeros"
        slug = f"{kind}-{layout(Problem(op=op, input_shape=shape))}"
        problem = Problem(op=op, input_shape=shape, seed=seed)
        yield forward_case("edge", f"one-channel-{slug}", problem)
        yield _empty(slug, problem)
    claim = "A crop that is longer than the image goes on into the zeros of the other side."
    for is_last in (True, False):
        beyond = Problem(
            op=Pad(pads=((-2, 3),), channels_last=is_last), input_shape=(1, 1, 1), seed=seed
        )
        yield forward_case("edge", f"crop-beyond-{layout(beyond)}", beyond, claim)


def _empty(slug: str, problem: Problem) -> Case:
    claim = "Without samples the result is empty and has the right shape."
    return forward_case("edge", f"empty-batch-{slug}", with_batch(problem, 0), claim)
