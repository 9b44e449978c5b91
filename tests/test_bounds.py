"""The rounding bounds against Higham's formulas and the arithmetic that they describe."""

from __future__ import annotations

from math import expm1, log1p

import numpy as np
import pytest

from convdispatch.conformance import bounds


def test_gamma_is_highams():
    """Four roundings of bfloat16 lose at most 4/256 / (1 - 4/256)."""
    assert bounds.gamma(4, bounds.unit_roundoff("bfloat16")) == 1 / 63


def test_gamma_promises_nothing_for_too_many_roundings():
    """Where n u reaches 1 there is no bound to return."""
    with pytest.raises(ValueError, match="`n` must be below 1 / u = 256"):
        bounds.gamma(256, bounds.unit_roundoff("bfloat16"))


@pytest.mark.parametrize(
    ("dtype", "smallest_step"),
    [("float16", 2**-10), ("float32", 2**-23), ("float64", 2**-52)],
    ids=["float16", "float32", "float64"],
)
def test_unit_roundoff_is_half_the_step_at_one(dtype, smallest_step):
    """Rounding to nearest errs by at most half the distance of two neighbours."""
    assert bounds.unit_roundoff(dtype) == smallest_step / 2 == np.finfo(dtype).eps / 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_conv_bound_of_a_full_precision_is_gamma_times_the_absolute_result(dtype):
    """The bound scales with the absolute convolution, elementwise."""
    u = bounds.unit_roundoff(dtype)
    assert bounds.conv_bound([0, 1, 10], 9, dtype).tolist() == pytest.approx(
        [0, 9 * u / (1 - 9 * u), 90 * u / (1 - 9 * u)], rel=1e-15
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("length", [1, 27, 4096, 2**15, 2**20])
def test_conv_bound_of_half_precision_covers_both_kinds_of_rounding(dtype, length):
    """It exceeds (1 + v)**n (1 + u)**4 - 1, by less than a third."""
    u, v = bounds.unit_roundoff(dtype), 2.0**-24
    worst = expm1(length * log1p(v) + 4 * log1p(u))
    bound = bounds.conv_bound([1.0], length, dtype).item()
    assert worst <= bound
    assert bound <= worst * 4 / 3
