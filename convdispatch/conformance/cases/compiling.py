"""The framework's own compiler changes how a function is computed, not its result.

Few cases: a compiler may take a second for each.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    CHOSEN,
    allowed,
    alternating,
    layout,
)
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import Backend, Pad, Upsample

_GEOMETRIES = tuple(
    geometry
    for geometry in CHOSEN
    if geometry.id
    in (
        "1d-strided-dilated",
        "1d-groups",
        "1d-pad-and-crop",
        "2d-plain",
        "2d-mixed-strides",
        "2d-depthwise-strided",
        "2d-groups-strided-dilated",
        "3d-mixed-pads",
        "3d-strided-dilated",
    )
)
_RESHAPING = (
    Pad(pads=((1, -1), (0, 2)), channels_last=False),
    Upsample(factors=(2, 3), interpolation="nearest", channels_last=True),
    Upsample(factors=(2, 3), interpolation="bilinear", channels_last=False),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield compiled convolutions, their adjoints and each other op."""
    for ending, problem in alternating(_GEOMETRIES, seed=seed):
        yield _case(ending, problem)
    for op in _RESHAPING:
        shape = (2, 3, 4, 2) if op.channels_last else (2, 2, 3, 4)
        problem = Problem(op=op, input_shape=shape, seed=seed)
        kind = op.interpolation if isinstance(op, Upsample) else "zeros"
        yield _case(f"{kind}-{layout(problem)}", problem)


def compiled(backend: Backend, problem: Problem) -> Measured:
    """Call the compiled function for two batch sizes, and the first one again."""
    function = backend.compile(harness.plan(backend, problem))
    measured = []
    for batch in (2, 3, 2):
        own = with_batch(problem, batch)
        got = np.asarray(backend.to_numpy(function(*harness.tensors(backend, own))))
        limits = allowed(backend, own)
        what = f"the compiled result of {batch} samples"
        measured.append(require_within(got, own.expected[0], limits, own.dtype, what))
    return worst(measured)


def _case(slug: str, problem: Problem) -> Case:
    claim = "Compiled, the op gives the exact result within the bound, for any batch size."
    return problem_case("edge", f"compiled-{slug}", compiled, claim, problem, needs=("compile",))
