"""The rounding bounds against Higham's formulas and the arithmetic that they describe."""

from __future__ import annotations

from math import expm1, log1p

import numpy as np
import pytest

from convdispatch import layers
from convdispatch.conformance import bounds
from convdispatch.numerics.rounding import reference_with_bound


def test_gamma_is_highams():
    """Four roundings of bfloat16 lose at most 4/256 / (1 - 4/256)."""
    assert bounds.gamma(4, bounds.unit_roundoff("bfloat16")) == 1 / 63


def test_gamma_promises_nothing_for_too_many_roundings():
    """If n u reaches 1 there is no bound to return."""
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


GRID = np.linspace(-6, 6, 2401)
CURVED = ["sigmoid", "tanh"]


def value(z, activation, order):
    """Return f, f' or f'' of the grid, as `bounds` computes them."""
    nothing = np.zeros_like(z)
    if order == 0:
        return bounds.activated(z, nothing, activation, "float64")[0]
    return bounds.slope(z, nothing, activation, order=order, dtype="float64")[0]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("activation", ["linear", "relu", *CURVED])
def test_slope_is_the_derivative(activation, order):
    """A difference quotient of what it is the derivative of agrees to its own accuracy."""
    z, step = GRID[GRID != 0], 1e-5
    ends = (value(z + sign * step, activation, order - 1) for sign in (1, -1))
    above, below = ends
    np.testing.assert_allclose(
        value(z, activation, order), (above - below) / (2 * step), atol=2e-10
    )


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("activation", CURVED)
def test_slope_allows_for_what_z_is_off(activation, order):
    """Moving z by all of its error moves the derivative by what is allowed, and hardly less."""
    error = np.full_like(GRID, 1e-4)
    exact, allowed = bounds.slope(GRID, error, activation, order=order, dtype="float32")
    moved = [np.abs(value(GRID + sign * error, activation, order) - exact) for sign in (1, -1)]
    worst = np.max(moved)
    assert np.all(moved <= allowed)
    assert np.max(allowed) <= 1.1 * worst


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("activation", CURVED)
def test_slope_allows_for_computing_in_float32(activation, order):
    """The polynomial of the activation's value, in float32, stays within the allowance."""
    z = GRID.astype(np.float32)
    exact, allowed = bounds.slope(
        z.astype(np.float64), np.zeros_like(GRID), activation, order=order, dtype="float32"
    )
    y = (1 / (1 + np.exp(-z))) if activation == "sigmoid" else np.tanh(z)
    first, second = (y * (1 - y), 1 - 2 * y) if activation == "sigmoid" else (1 - y * y, -2 * y)
    computed = first if order == 1 else first * second
    assert computed.dtype == np.float32
    assert np.all(np.abs(computed - exact) <= allowed)


@pytest.mark.parametrize("order", [1, 2])
def test_slope_of_what_is_not_curved_is_exact(order):
    """A slope of 0 or 1 takes no rounding, however far off z is."""
    _, allowed = bounds.slope(GRID, np.ones_like(GRID), "relu", order=order, dtype="float32")
    assert not allowed.any()


def test_the_bound_of_a_layer_grows_with_the_products_summed():
    """One product's rounding is not enough of a tolerance for 28 * 32 of them (keras#20804)."""
    generator = np.random.default_rng(0)
    kernel = generator.normal(size=(4, 7, 32, 2))
    layer = layers.Conv2D(
        2, (4, 7), padding="same", use_bias=False, weights=[kernel], backend="numpy"
    )
    x = generator.normal(size=(1, 20, 24, 32)).astype("float32")
    layer.build(x.shape)
    expected, bound = reference_with_bound([layer], x, "float32")
    assert layer.reduction_length == 896
    assert np.median(bound / np.abs(expected)) > 100 * np.finfo("float32").eps
