"""The reference that models are compared with is the oracle, computed for whole arrays at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from convdispatch.conformance.cases import strategies
from convdispatch.numerics.problem import Problem
from convdispatch.numerics.reference import REFERENCE
from convdispatch.ops import REQUIRED_FUNCTIONS, Conv
from convdispatch.registry import registry


def require_equal(problem: Problem) -> None:
    """Compare the two on multiples of 1/8, whose sums and products are exact."""
    exact = replace(problem, values="eighths", dtype="float64")
    got = REFERENCE.lower(exact.op, exact.signature)(*exact.arrays)
    np.testing.assert_allclose(got, exact.expected[0], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("kind", strategies.KINDS)
def test_the_reference_is_the_oracle(kind: str) -> None:
    """On problems of every geometry: strides, pads, dilation, groups, both layouts, any rank."""

    @given(strategies.problems(kind))
    @settings(derandomize=True, database=None, max_examples=150, deadline=None)
    def equal(problem: Problem) -> None:
        require_equal(problem)

    equal()


def test_pads_far_outside_cost_nothing() -> None:
    """A tap that reads pads alone is skipped, so that no padded array of 10**12 cells is made."""
    op = Conv(
        strides=(1, 1),
        pads=((10**6, 10**6), (10**6, 10**6)),
        dilation=(10**6, 10**6),
        groups=1,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1], kernel[0, 0] = 2, 99
    got = REFERENCE.lower(op, None)(x, kernel)  # type: ignore[arg-type]  # it is not read
    assert got.ravel().tolist() == [2 * cell for cell in range(16)]


def test_the_reference_has_every_function_and_is_registered_nowhere() -> None:
    """Its own table computes formulas, and no user can select it by name."""
    assert set(REFERENCE.functions) == set(REQUIRED_FUNCTIONS)
    assert REFERENCE.name not in registry.entries()
