"""The oracle against real Keras, forwards and backwards, without any layer of ours.

The pads come from the rules of tests/golden/README.md as `golden_reference` writes them down, the
activations and what the reshaping layers' arguments mean from this file.
"""

from __future__ import annotations

import numpy as np
import pytest
from golden_cases import tagged
from golden_reference import expected_gradients, expected_output, golden_gradients

from convdispatch.conformance import oracle

# The value and the slope of each activation that has a name in an op.
ACTIVATIONS = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (2 + np.exp(z) + np.exp(-z))),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
}


def activation(case):
    """Return the name of the case's activation."""
    return case.kwargs.get("activation") or "linear"


def has_wrong_gradients(case):
    """Say whether tf_keras differentiated by the conv3d that is a cell off (see the README)."""
    kwargs = case.kwargs
    is_transposed = case.class_name == "Conv3DTranspose" and case.convention == "tensorflow"
    return (
        is_transposed
        and kwargs.get("padding") == "same"
        and any(s > k for s, k in zip(kwargs["strides"], kwargs["kernel_size"], strict=True))
    )


CONVOLUTIONS = [case for case in tagged("reference") if activation(case) in ACTIVATIONS]
DIFFERENTIATED = [case for case in CONVOLUTIONS if not has_wrong_gradients(case)]
RESHAPING = tagged("reshaping")


def test_the_golden_cases_are_many():
    """Lists that came out short would prove little."""
    assert len(CONVOLUTIONS) > 400
    assert len(CONVOLUTIONS) - len(DIFFERENTIATED) <= 5
    assert len(RESHAPING) > 100
    assert {activation(case) for case in CONVOLUTIONS} == set(ACTIVATIONS)


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=lambda case: case.id)
def test_the_convolution_is_real_kerass(case):
    """The oracle, the rules' pads and the activation's formula give the layer's output."""
    value, _ = ACTIVATIONS[activation(case)]
    np.testing.assert_allclose(
        value(expected_output(case)), case.array("y"), rtol=1e-9, atol=1e-11, strict=True
    )


@pytest.mark.parametrize("case", DIFFERENTIATED, ids=lambda case: case.id)
def test_the_gradients_are_real_kerass(case):
    """The adjoint formulas give what Theano's and TensorFlow's engines gave for every tensor."""
    _, slope = ACTIVATIONS[activation(case)]
    found = expected_gradients(case, case.array("cot") * slope(expected_output(case)))
    golden = golden_gradients(case)
    assert len(found) == len(golden) == 1 + case.n_weights
    for got, want in zip(found, golden, strict=True):
        scale = 1e-11 * np.max(np.abs(want), initial=0)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=scale, strict=True)


@pytest.mark.parametrize("case", RESHAPING, ids=lambda case: case.id)
def test_padding_cropping_and_upsampling_are_real_kerass(case):
    """Pads, crops and enlarged images are real Keras's, and so are their gradients."""
    for got, want in zip(reshaped(case), (case.array("y"), case.array("gx")), strict=True):
        atol = 1e-11 + float32_error(case) * np.max(np.abs(want))
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=atol)


def float32_error(case):
    """Return how far the golden numbers themselves are off: tf_keras interpolates in float32.

    A sample's position, up to the image's size, is rounded twice, and so is the weight that it
    gives the next cell, on two axes.
    """
    is_float32 = case.array("y").dtype == np.float32
    return 8 * 2.0**-24 * max(case.input_shape) if is_float32 else 0.0


def reshaped(case):
    """Return the oracle's output and gradient for a reshaping case."""
    kwargs, x, cotangent = case.kwargs, case.array("x"), case.array("cot")
    is_first = "channels_first" in kwargs.values() or "th" in kwargs.values()
    layout = {"channels_last": not is_first}
    rank = x.ndim - 2
    if "UpSampling" in case.class_name:
        factors = kwargs.get("size", kwargs.get("length"))
        factors = tuple(factors) if isinstance(factors, list) else (factors,) * rank
        rest = {"interpolation": kwargs.get("interpolation", "nearest"), **layout}
        return oracle.upsample(x, factors, **rest), oracle.upsample_gradient(
            cotangent, factors, **rest
        )
    sign = 1 if "Padding" in case.class_name else -1
    pads = tuple((sign * low, sign * high) for low, high in sides(case, rank))
    back = tuple((-low, -high) for low, high in pads)
    return oracle.pad(x, pads, **layout), oracle.pad(cotangent, back, **layout)


def sides(case, rank):
    """Return the cells before and after each axis that the layer's argument asks for."""
    value = case.kwargs.get("padding", case.kwargs.get("cropping"))
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and not isinstance(value[0], list):
        return [tuple(value)]
    return [tuple(pair) if isinstance(pair, list) else (pair, pair) for pair in value]
