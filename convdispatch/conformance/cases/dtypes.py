"""The element types: every op keeps them, and sums as exactly as each promises.

The bounds of half precision are those of sums in float32. A backend that sums in the element type
itself passes where few products are added, so there are long sums of positive numbers as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.computing import CHOSEN, alternating, layout, pick
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem, transpose_problem
from convdispatch.conformance.cases.geometries import GEOMETRIES
from convdispatch.conformance.cases.values import forward_case
from convdispatch.numerics.problem import Problem
from convdispatch.ops import FLOAT_DTYPES, Pad, Upsample

# Thousands of products a cell: over channels, over taps, over both, and in one of two groups. The
# adjoint reads the other channels, which are as many once they are turned round.
_LONG = (
    ConvRow("1d-long-channels", (2,), (1,), channels=(6000, 1)),
    ConvRow("1d-long-strided", (5,), (3,), (2,), channels=(2000, 2), bias=True),
    ConvRow("2d-long-groups", (3, 2), (2, 2), groups=2, channels=(3000, 2)),
    ConvRow("2d-long-relu", (4, 4), (3, 3), channels=(600, 2), bias=True, activation="relu"),
    ConvRow("3d-long-channels", (2, 2, 3), (2, 2, 2), channels=(700, 1)),
)
_LONG_KERNEL = ConvRow("1d-long-kernel", (1001,), (1000,), channels=(6, 1))
_RESHAPING = (
    Pad(pads=((2, 1),), channels_last=True),
    Pad(pads=((1, -2), (0, 3)), channels_last=False),
    Pad(pads=((0, -1), (2, 2), (-1, 0)), channels_last=True),
    Upsample(factors=(3,), interpolation="nearest", channels_last=False),
    Upsample(factors=(2, 3), interpolation="nearest", channels_last=True),
    Upsample(factors=(2, 1, 3), interpolation="nearest", channels_last=False),
    Upsample(factors=(2, 2), interpolation="bilinear", channels_last=True),
    Upsample(factors=(4, 5), interpolation="bilinear", channels_last=False),
)


_CLAIM = "The result has the input's element type and is exact within that type's bound."


def cases(seed: int) -> Iterator[Case]:
    """Yield every hand-made geometry, long sums and the other ops in each element type."""
    for dtype in FLOAT_DTYPES:
        # Every one is computed in float32 elsewhere.
        for ending, problem in alternating(CHOSEN if dtype == "float32" else GEOMETRIES):
            yield _case(ending, problem, dtype, seed)
        for ending, problem in _long_sums():
            yield _case(ending, replace(problem, values="positive"), dtype, seed)
        for op in _RESHAPING:
            size = (3, 4, 2)[: len(op.pads if isinstance(op, Pad) else op.factors)]
            shape = (2, *size, 3) if op.channels_last else (2, 3, *size)
            problem = Problem(op=op, input_shape=shape)
            yield _case(f"{_described(op)}-{layout(problem)}", problem, dtype, seed)


def _long_sums() -> Iterator[tuple[str, Problem]]:
    for geometry in (*_LONG, _LONG_KERNEL):
        problem = conv_problem(geometry, channels_last=pick((True, False), geometry.id))
        yield f"{geometry.id}-{layout(problem)}", problem
    for geometry in _LONG:
        turned = replace(geometry, channels=geometry.channels[::-1])
        problem = transpose_problem(turned, channels_last=pick((False, True), geometry.id))
        yield f"{geometry.id}-{layout(problem)}", problem


def _described(op: Pad | Upsample) -> str:
    if isinstance(op, Pad):
        return "p" + "x".join(f"{low}.{high}" for low, high in op.pads)
    return f"{op.interpolation}-{'x'.join(map(str, op.factors))}"


def _case(slug: str, problem: Problem, dtype: str, seed: int) -> Case:
    typed = replace(problem, dtype=dtype, seed=seed)
    return forward_case("dtype", f"{slug}-{dtype}", typed, _CLAIM)
