"""The gradients that backends are compared with are the slopes of the oracle's results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from convdispatch.conformance.cases import strategies
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.oracle_pooling import pool
from convdispatch.numerics.oracle_resizing import resize
from convdispatch.numerics.problem import (
    Array,
    Problem,
    add_bias,
    before_bias,
    pool_fields,
    resize_fields,
)
from convdispatch.ops import Dense, Pool, Resize

_STEP = 1e-6
_ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
}


def result(problem: Problem, arrays: list[Array]) -> Array:
    """Return what the oracle makes of these arrays."""
    op, (x, *weights) = problem.op, arrays
    if isinstance(op, Pool):
        return pool(x, **pool_fields(op))
    if isinstance(op, Resize):
        return resize(x, output_size=op.output_size, **resize_fields(op))
    assert isinstance(op, Dense)
    kernel, *bias = weights
    z = add_bias(op, before_bias(op, x, kernel), bias[0] if bias else None)
    return np.asarray(_ACTIVATIONS[op.activation](z))


@pytest.mark.parametrize("kind", ["dense", "max_pool", "sum_pool", "average_pool", "resize"])
def test_gradients_are_slopes_of_the_oracle(kind: str) -> None:
    """Along a direction drawn for each array, by a central difference."""

    @given(strategies.problems(kind, dtype="float64"))
    @settings(derandomize=True, database=None, max_examples=40, deadline=None)
    def agree(drawn: Problem) -> None:
        problem = replace(drawn, seed=1)
        weight, found = cotangent(problem), gradients(problem)
        rng = np.random.default_rng(0)
        for place, known in enumerate(found):
            assert known.value.shape == problem.arrays[place].shape
            direction = rng.standard_normal(known.value.shape)
            ends = []
            for sign in (1, -1):
                moved = list(problem.arrays)
                moved[place] = moved[place] + sign * _STEP * direction
                ends.append(float(np.sum(weight * result(problem, moved))))
            slope = (ends[0] - ends[1]) / (2 * _STEP)
            assert float(np.sum(known.value * direction)) == pytest.approx(
                slope, rel=1e-5, abs=1e-5
            )

    agree()
