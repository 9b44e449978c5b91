"""Gradients in half precision that are sums of thousands: summed in float32 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases import harness
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, spacing, worst
from convdispatch.numerics.problem import Array, Problem, output_shape
from convdispatch.ops import (
    HALF_DTYPES,
    Backend,
    Conv,
    ConvTranspose,
    Op,
    Shape,
    Upsample,
    features,
    op_name,
)

# A sum of numbers about 1 that is kept in float16 stops at 2048, in bfloat16 at 256.
_MANY = 6000
_LINE: dict[str, Any] = {
    "strides": (1,), "pads": ((0, 0),), "dilation": (1,), "groups": 1,
    "channels_last": True, "activation": "linear",
}  # fmt: skip


def cases(seed: int) -> Iterator[Case]:
    """Yield every op that adds up on the way back."""
    for dtype in HALF_DTYPES:
        for slug, (problem, _) in _problems(dtype, seed).items():
            name = op_name(problem.op)
            yield Case(
                id=f"{name}/grad/long-{slug}-{dtype}",
                level="grad",
                op=name,
                claim="A gradient is summed in float32 and rounded once.",
                check=summed,
                arguments=(slug, dtype, seed),
                features=(*features(problem.op, problem.signature), "gradients"),
            )


def summed(backend: Backend, slug: str, dtype: str, seed: int) -> Measured:
    """Differentiate the sum of the result, and compare with the gradients as sums."""
    problem, wanted = _problems(dtype, seed)[slug]
    found = harness.gradients(backend, problem, np.ones(output_shape(problem)))
    measured = []
    for got, want in zip(found, wanted(*problem.arrays), strict=True):
        in_float32 = bounds.gamma(_MANY, bounds.unit_roundoff("float32")) * np.abs(want)
        limits = spacing(want, dtype) / 2 + in_float32
        measured.append(require_within(got, want, limits, dtype, f"a gradient of {slug!r}"))
    return worst(measured)


def problem_of(slug: str, dtype: str, seed: int) -> Problem:
    """Return the problem of a case."""
    return _problems(dtype, seed)[slug][0]


Gradients = Callable[..., tuple[Array, ...]]


def _problems(dtype: str, seed: int) -> dict[str, tuple[Problem, Gradients]]:
    """Return each problem, and the gradients of its result's sum from its arrays, by hand."""
    conv, few = Conv(**_LINE, bias=True), Conv(**_LINE, bias=False)
    adjoint = ConvTranspose(**_LINE, bias=True, output_size=(_MANY,))
    repeat = Upsample(factors=(_MANY,), interpolation="nearest", channels_last=True)
    turn = Upsample(factors=(60, 100), interpolation="nearest", channels_last=True)

    def over_cells(x: Array, kernel: Array, bias: Array) -> tuple[Array, ...]:
        spread = np.full(x.shape, kernel.item())
        return spread, x.sum().reshape(kernel.shape), np.full(bias.shape, float(_MANY))

    def over_filters(x: Array, kernel: Array) -> tuple[Array, ...]:
        return kernel.sum().reshape(x.shape), np.full(kernel.shape, x.item())

    def over_copies(x: Array) -> tuple[Array, ...]:
        return (np.full(x.shape, float(_MANY)),)

    def problem(op: Op, shape: Shape, *weights: Shape) -> Problem:
        plain = Problem(op=op, input_shape=shape, weight_shapes=weights)
        return replace(plain, dtype=dtype, values="positive", seed=seed)

    cells = ((1, _MANY, 1), (1, 1, 1), (1,))
    return {
        "cells": (problem(conv, *cells), over_cells),
        "cells-written": (problem(adjoint, *cells), over_cells),
        "filters": (problem(few, (1, 1, 1), (1, 1, _MANY)), over_filters),
        "copies": (problem(repeat, (1, 2, 1)), over_copies),
        "copies-on-two-axes": (problem(turn, (1, 2, 1, 1)), over_copies),
    }
