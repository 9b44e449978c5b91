"""No output of a causal convolution depends on a later input.

NaN does not go away in sums and products, so that one which is fed in marks what depends on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    allowed,
    apply,
    convolution,
    layout,
    spatial_axes,
)
from convdispatch.conformance.cases.conv_rows import ConvRow, conv_problem
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Backend

# Taps, stride and dilation of the causal axis.
_KERNELS = [(2, 1, 1), (3, 1, 2), (3, 2, 1), (2, 2, 3)]


_CLAIM = "No output depends on a later input; each depends on the input of its own time."


def cases(seed: int) -> Iterator[Case]:
    """Yield the causal convolutions of each rank along their first and their last axis."""
    for rank, (taps, stride, dilation), is_last in itertools.product(
        (1, 2, 3), _KERNELS, (True, False)
    ):
        axis = 0 if is_last else rank - 1
        geometry = _geometry(rank, axis, taps, stride, dilation)
        problem = conv_problem(geometry, channels_last=is_last, seed=seed)
        slug = f"causal-{geometry.id}-{layout(problem)}"
        yield problem_case("full", slug, causal, _CLAIM, problem, axis)


def causal(backend: Backend, problem: Problem, axis: int) -> None:
    """Make the later half of the input NaN and look where the output is.

    Outputs that do not read it must be unchanged, within twice the bound; the others must be NaN.
    """
    op, (x, *weights) = convolution(problem), problem.arrays
    function, dtype = harness.plan(backend, problem), problem.dtype
    time = spatial_axes(problem)[axis]
    now = x.shape[time] // 2
    future = x.copy()
    np.moveaxis(future, time, 0)[now:] = np.nan
    with np.errstate(invalid="ignore"):
        before = apply(backend, function, dtype, x, *weights)
        after = apply(backend, function, dtype, future, *weights)
    # The last tap of output i is on input stride * i, the kernel reaching back from there.
    first = -(-now // op.strides[axis])
    past = tuple(slice(first) if one == time else slice(None) for one in range(x.ndim))
    limits = 2 * allowed(backend, problem)[past]
    require_within(after[past], before[past], limits, dtype, "an output before the NaN")
    present = np.moveaxis(after, time, 0)[first:]
    if not np.isnan(present).all():
        raise Mismatch(
            f"{int((~np.isnan(present)).sum())} of {present.size} outputs that read a NaN are not "
            f"NaN: those from {first} on along axis {time} read an input from {now} on"
        )


def _geometry(rank: int, axis: int, taps: int, stride: int, dilation: int) -> ConvRow:
    def along(own: int, other: int) -> tuple[int, ...]:
        return tuple(own if one == axis else other for one in range(rank))

    pads = tuple(((taps - 1) * dilation, 0) if one == axis else (0, 0) for one in range(rank))
    return ConvRow(
        f"k{taps}-s{stride}-d{dilation}",
        along(9, 3),
        along(taps, 2),
        along(stride, 1),
        pads,
        along(dilation, 1),
        channels=(2, 2),
    )
