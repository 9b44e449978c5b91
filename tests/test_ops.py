"""Convolutions on every available backend, lowered as the layers lower them, against the oracle.

Each case is computed, in each element type, and differentiated by the framework's own autodiff.
"""

from __future__ import annotations

import numpy as np
import pytest
from precision import in_float64

from convdispatch.conformance import bounds
from convdispatch.conformance.cases import (
    GEOMETRIES,
    add_bias,
    make_cases,
    product,
    product_gradients,
)
from convdispatch.conformance.harness import excess, gradients, plan, run, second_gradients
from convdispatch.ops import Conv, ConvTranspose
from convdispatch.selection import available_backends

CASES = [case for geometry in GEOMETRIES for case in make_cases(geometry)]
# One layout of each op and geometry, by turns; fewer where each costs a compiler's time.
HALF_OF_CASES = [case for i, case in enumerate(CASES) if (i // 2 + i // 4) % 2 == 0]
LOW_PRECISION = HALF_OF_CASES[::3]
BILINEAR = [case for case in HALF_OF_CASES if case.op.activation == "linear" and not case.op.bias][
    ::3
]
ANY_BATCH = [case for case in HALF_OF_CASES if "plain" in case.id or "strided-dilated" in case.id]

TOLERANCE = 1e-12  # in float64
# What one vectorised sigmoid or tanh may add, in roundings at the size of its range, 1.
ACTIVATION_ROUNDINGS = {"linear": 0, "relu": 0, "sigmoid": 8, "tanh": 8}
ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: z * (z > 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
}
SLOPES = {
    "linear": np.ones_like,
    "relu": lambda z: 1.0 * (z > 0),
    "sigmoid": lambda z: 1 / (2 + np.exp(z) + np.exp(-z)),
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
}


@pytest.fixture
def backend(backend):
    """Give each backend in turn, in its 64-bit mode where that has to be switched on."""
    with in_float64(backend.name):
        yield backend


def test_there_are_backends_and_cases_to_test():
    """NumPy's backend needs no framework, so an empty list can only be a fault."""
    assert "numpy" in available_backends()
    assert len(CASES) == 4 * len(GEOMETRIES)
    assert len({case.id for case in CASES}) == len(CASES)
    assert min(map(len, (LOW_PRECISION, BILINEAR, ANY_BATCH))) > 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_float64_is_right_to_twelve_digits(backend, case):
    """A result errs by at most 1e-12 of the convolution of the absolute values."""
    z, absolute = before_activation(case)
    got = run(backend, case.op, (case.x, *case.weights))
    assert got.dtype == np.float64
    bound = TOLERANCE * (absolute + (case.op.activation != "linear"))
    assert excess(got, ACTIVATIONS[case.op.activation](z), bound) <= 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("case", LOW_PRECISION, ids=lambda case: case.id)
def test_lower_precision_errs_within_the_derived_bound(backend, case, dtype):
    """The element type is kept, and Higham's bound, which no activation enlarges, holds."""
    require_numpy_has(dtype)
    z, absolute = before_activation(case)
    got = run(backend, case.op, (case.x, *case.weights), dtype=dtype)
    assert got.dtype.name == dtype
    roundings = ACTIVATION_ROUNDINGS[case.op.activation]
    bound = bounds.conv_bound(absolute, case.reduction_length, dtype)
    bound += bounds.gamma(roundings, bounds.unit_roundoff(dtype))
    assert excess(got, ACTIVATIONS[case.op.activation](z), bound) <= 0


@pytest.mark.parametrize("case", HALF_OF_CASES, ids=lambda case: case.id)
def test_gradients_are_the_oracles(differentiable, case):
    """Autodiff gives the gradients of input, kernel and bias, in float64 to 1e-12."""
    z, _ = before_activation(case)
    upstream = case.cotangent * SLOPES[case.op.activation](z)
    want = product_gradients(case.op, case.x, case.kernel, upstream)
    scales = product_gradients(case.op, *map(np.abs, (case.x, case.kernel, case.cotangent)))
    got = gradients(differentiable, case.op, (case.x, *case.weights), case.cotangent)
    assert len(got) == 1 + len(case.weights)
    assert worst_excess(got, want, scales) <= 0


@pytest.mark.parametrize("case", BILINEAR, ids=lambda case: case.id)
def test_gradients_can_be_differentiated(differentiable, case):
    """The gradient of the squared norm of both gradients follows from the trilinear form."""

    def twice(x, kernel, cotangent):
        for_x, for_kernel, _ = product_gradients(case.op, x, kernel, cotangent)
        x_gradient, _, _ = product_gradients(case.op, x, for_kernel, cotangent)
        _, kernel_gradient, _ = product_gradients(case.op, for_x, kernel, cotangent)
        return [2 * x_gradient, 2 * kernel_gradient]

    values = case.x, case.kernel, case.cotangent
    got = second_gradients(differentiable, case.op, (case.x, case.kernel), case.cotangent)
    assert len(got) == 2
    assert worst_excess(got, twice(*values), twice(*map(np.abs, values))) <= 0


@pytest.mark.parametrize("case", ANY_BATCH, ids=lambda case: case.id)
def test_inputs_are_left_as_they_were(backend, case):
    """Neither the input nor a weight is written to."""
    arrays = (case.x, *case.weights)
    native = [backend.asarray(array, "float64") for array in arrays]
    plan(backend, case.op, arrays)(*native)
    after = [backend.to_numpy(tensor).tolist() for tensor in native]
    assert after == [array.tolist() for array in arrays]


@pytest.mark.parametrize("case", ANY_BATCH, ids=lambda case: case.id)
def test_an_empty_batch_gives_an_empty_result(backend, case):
    """No items in, none out, and the other axes as ever."""
    got = run(backend, case.op, (case.x[:0], *case.weights))
    assert got.shape == (0, *case.cotangent.shape[1:])
    assert got.dtype == np.float64


@pytest.mark.parametrize("case", ANY_BATCH, ids=lambda case: case.id)
def test_an_empty_batch_has_zero_gradients(differentiable, case):
    """Kernel and bias get zeros of their own shape, and the input nothing."""
    arrays = (case.x[:0], *case.weights)
    got = gradients(differentiable, case.op, arrays, case.cotangent[:0])
    assert [gradient.tolist() for gradient in got] == [(0 * array).tolist() for array in arrays]


@pytest.mark.parametrize("case", ANY_BATCH, ids=lambda case: case.id)
def test_a_plan_serves_every_batch_size(backend, case):
    """The same callable, given one item and then three, treats each item as it does alone."""
    arrays = (case.x, *case.weights)
    function = plan(backend, case.op, arrays)
    one, *weights = (backend.asarray(array, "float64") for array in (case.x[:1], *case.weights))
    alone = backend.to_numpy(function(one, *weights))
    three = backend.asarray(np.repeat(case.x[:1], 3, axis=0), "float64")
    together = backend.to_numpy(function(three, *weights))
    want = np.repeat(alone, 3, axis=0)
    assert want.shape == (3, *case.cotangent.shape[1:])
    assert excess(together, want, TOLERANCE * (1 + np.abs(want))) <= 0


ONE_AXIS = {"strides": (1,), "dilation": (1,), "bias": False, "activation": "linear"}
# op, input shape, kernel shape: one element of each result is a sum of 4096 products
LONG_SUMS = [
    ("over-channels", Conv(**ONE_AXIS, pads=((0, 0),), groups=1, channels_last=True), (1, 4096), 1),
    ("over-taps", Conv(**ONE_AXIS, pads=((0, 0),), groups=1, channels_last=True), (4096, 1), 4096),
]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    ("op", "input_shape", "taps"), [row[1:] for row in LONG_SUMS], ids=[row[0] for row in LONG_SUMS]
)
def test_half_precision_accumulates_in_more(backend, op, input_shape, taps, dtype):
    """4096 ones sum to 4096, where sums kept in half precision would stop at 2048 or 256."""
    require_numpy_has(dtype)
    x, kernel = np.ones((1, *input_shape)), np.ones((taps, input_shape[1], 2))
    assert run(backend, op, (x, kernel), dtype=dtype).tolist() == [[[4096, 4096]]]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_accumulates_in_more_when_transposed(backend, dtype):
    """Each cell of a pointwise transposed convolution sums over all the channels read."""
    require_numpy_has(dtype)
    op = ConvTranspose(**ONE_AXIS, pads=((0, 0),), groups=1, channels_last=True, output_size=(1,))
    arrays = np.ones((1, 1, 4096)), np.ones((1, 2, 4096))
    assert run(backend, op, arrays, dtype=dtype).tolist() == [[[4096, 4096]]]


def before_activation(case):
    """Return what the activation is applied to, and the same of the absolute values."""
    z = product(case.op, case.x, case.kernel)
    absolute = product(case.op, np.abs(case.x), np.abs(case.kernel))
    return add_bias(case.op, z, case.bias), add_bias(case.op, absolute, np.abs(case.bias))


def worst_excess(got, want, scales):
    """Return by how much the worst gradient is off beyond 1e-12 of its scale."""
    rows = zip(got, want, scales, strict=False)  # without a bias, its gradient is not asked for
    return max(excess(one, expected, TOLERANCE * scale) for one, expected, scale in rows)


def require_numpy_has(dtype):
    """Skip where the tests themselves could not hold the element type."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
