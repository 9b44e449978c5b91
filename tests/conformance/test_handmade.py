"""The hand-made cases of the conformance suite: traps, known faults, and bad input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import loopback
import numpy as np
import pytest
from handmade_cases import CASES, ROWS

from convdispatch import layers
from convdispatch.conformance import oracle
from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_checks import differentiates
from convdispatch.conformance.cases.layer_rows import Cells, array, with_lowering
from convdispatch.errors import BackendUnavailable
from convdispatch.layers import Layer
from convdispatch.numerics.problem import Problem, add_bias, before_bias, conv_fields
from convdispatch.ops import (
    Backend,
    Conv,
    ConvTranspose,
    Op,
    Pad,
)
from convdispatch.registry import registry

DIFFERENTIATED = [i for i, c in ROWS.items() if c.check is differentiates and "empty" not in i]

# Traps and known faults without a case, and why.
LEFT_OUT = {
    "trap-12": "the fans of an initializer are counted before a backend is asked for anything",
    "bug-41": "the fans again, of depthwise and transposed kernels",
    "bug-45": "a loss that differed between versions of two frameworks and was not reproduced",
}
NUMBERED = [f"trap-{n:02}" for n in range(1, 22)] + [f"bug-{n:02}" for n in range(1, 47)]

each_case = pytest.mark.parametrize("case_id", CASES)
each_row = pytest.mark.parametrize("case_id", ROWS)


def run(case: Case, backend: Backend) -> None:
    """Run the case; skip it where an optional package is not installed."""
    try:
        case.run(backend)
    except BackendUnavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.mark.usefixtures("double_precision")
@each_case
def test_every_backend_passes(case_id: str, backend: Backend) -> None:
    """The claims hold on each of the backends of this repository."""
    run(CASES[case_id], backend)


@pytest.fixture
def loopback_backend() -> Iterator[Backend]:
    """Give the backend whose tensors promise nothing beyond the protocol."""
    registry.register(loopback)
    yield registry.load("loopback")
    registry.unregister(loopback)


@each_case
def test_no_case_asks_a_tensor_for_more_than_the_protocol(
    case_id: str, loopback_backend: Backend
) -> None:
    """A backend with opaque tensors passes too: no case indexes or converts one."""
    run(CASES[case_id], loopback_backend)


@pytest.mark.parametrize("number", NUMBERED)
def test_every_trap_and_every_known_fault_is_a_case(number: str) -> None:
    """Each number is that of a case or, with a reason, of none."""
    found = [case_id for case_id in CASES if re.search(rf"/{number}-", case_id)]
    assert bool(found) == (number not in LEFT_OUT)


def test_there_are_as_many_cases_as_the_levels_need() -> None:
    """A table that is not read any more would go unnoticed otherwise."""
    levels = [case.level for case in CASES.values()]
    assert levels.count("core") >= 240
    assert levels.count("errors") >= 75
    assert {"grad", "edge", "dtype"} < set(levels)


@each_case
def test_a_claim_is_one_sentence(case_id: str) -> None:
    """It starts as a sentence, ends as one, and is not two."""
    assert re.fullmatch(r"['\d\w][^\n]*\.", CASES[case_id].claim)
    assert not re.search(r"\. [A-Z]", CASES[case_id].claim)


def by_oracle(
    layer: Layer, op: Op, input_shape: Any, weight_shapes: Any, dtype: str
) -> Callable[..., Any]:
    """Lower an op to the oracle's loops."""

    def compute(x: Any, kernel: Any = None, bias: Any = None) -> Any:
        if isinstance(op, Pad):
            return oracle.pad(x, op.pads, channels_last=op.channels_last)
        if not isinstance(op, Conv | ConvTranspose):
            return oracle.upsample(
                x, op.factors, interpolation=op.interpolation, channels_last=op.channels_last
            )
        y = add_bias(op, before_bias(op, x, kernel), bias)
        return {"linear": y, "relu": np.maximum(y, 0)}[op.activation]

    return compute


@each_row
def test_the_numbers_are_the_oracles(case_id: str) -> None:
    """Every number written by hand is what the definition's loops give."""
    found: Any = ROWS[case_id].arguments[0]
    layer = found._made(with_lowering(getattr(layers, found.layer), by_oracle), "numpy")
    layer = layer.to("numpy", dtype="float64")
    x = array(found.x)
    y: Any = layer(x)
    expected = found.expected
    if isinstance(expected, Cells):
        assert y.shape == expected.shape
        y = np.array([y[index] for index, _ in expected.known])
        want = np.array([number for _, number in expected.known])
    else:
        want = array(expected)
    assert y.shape == want.shape
    np.testing.assert_allclose(y, want, rtol=1e-14, atol=0)


@pytest.mark.parametrize("case_id", DIFFERENTIATED)
def test_the_gradients_are_the_oracles(case_id: str) -> None:
    """Each gradient written by hand is that of the definition's loops."""
    found: Any
    inputs: Any
    weights: Any
    found, inputs, weights = ROWS[case_id].arguments
    ((op, _),) = found.lowered()
    assert isinstance(op, Conv)
    x, kernel, y = (array(numbers) for numbers in (found.x, found.weights[0], found.expected))
    want = oracle.conv_gradients(x, kernel, np.ones_like(y), **conv_fields(op))
    np.testing.assert_array_equal(array(inputs), want[0])
    np.testing.assert_array_equal(array(weights[0]), want[1])


@pytest.mark.parametrize(
    ("case_id", "features"),
    [
        (
            "layers/core/bug-19-separable-first",
            {"conv2d", "conv2d:groups", "conv2d:channels_first", "conv2d:float32"},
        ),
        (
            "layers/core/trap-09-output-padding-1-conv2dtranspose-first",
            {"conv2d_transpose", "conv2d_transpose:channels_first", "conv2d_transpose:strides"},
        ),
        ("layers/core/trap-18-bilinear-last", {"upsample2d:bilinear"}),
        ("layers/dtype/bug-46-mixed-conv1d", {"conv1d:float16", "float16"}),
        (
            "layers/grad/bug-31-dilated-conv1d",
            {"gradients", "conv1d:gradients", "second_order", "conv1d:second_order"},
        ),
    ],
)
def test_a_case_has_the_features_of_its_ops(case_id: str, features: set[str]) -> None:
    """A backend that declares one unsupported skips the case."""
    assert features <= set(CASES[case_id].features)


DEPTHWISE = [i for i in ROWS if re.search("depthwise|separable", i) and "trap-21" not in i]


@pytest.mark.parametrize("case_id", DEPTHWISE)
def test_every_depthwise_row_has_groups(case_id: str) -> None:
    """With one channel it would be a convolution like any other."""
    assert any(feature.endswith(":groups") for feature in CASES[case_id].features)


@pytest.mark.parametrize("case_id", [i for i, c in CASES.items() if c.op != "layers"])
def test_ops_are_stated_in_full(case_id: str) -> None:
    """A case of an op has a problem of that op."""
    assert isinstance(CASES[case_id].arguments[0], Problem)
