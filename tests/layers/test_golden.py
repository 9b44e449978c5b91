"""Every golden case: real Keras's numbers, forward and backward, on every backend."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from golden_cases import GoldenCase, refused, tagged
from golden_reference import expected_gradients, expected_output
from gradient_bounds import gradient_bounds

from convdispatch import activations, to_numpy
from convdispatch.conformance.bounds import unit_roundoff
from convdispatch.errors import InvalidShape
from convdispatch.formulas.dialects import KERAS1, KERAS2
from convdispatch.layers import Layer
from convdispatch.numerics.gradients import gradients
from convdispatch.numerics.rounding import reference_with_bound

DEFINED = tagged("reference", "reshaping")
VOCABULARIES = {"keras1": KERAS1, "keras2": KERAS2}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("case", DEFINED, ids=lambda case: case.id)
def test_float64_equals_real_keras_to_1e_9(backend_name: str, case: GoldenCase) -> None:
    """Output and all gradients are real Keras's within 1e-9 relative."""
    layer = case.layer(backend=backend_name, dtype="float64")
    arrays = answers(layer, case.array("x"), case.array("cot"))
    for name, array, expected in zip(names(case), arrays, expectations(case), strict=False):
        assert array.dtype == np.float64
        tolerance = 1e-11 * np.max(np.abs(expected), initial=0) + golden_error(case, expected)
        np.testing.assert_allclose(array, expected, rtol=1e-9, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("case", DEFINED, ids=lambda case: case.id)
def test_float32_is_within_the_derived_bound(backend_name: str, case: GoldenCase) -> None:
    """Output and all gradients in float32 are off by no more than rounding explains."""
    layer = case.layer(backend=backend_name, dtype="float32")
    x, cotangent = case.array("x"), case.array("cot")
    arrays = answers(layer, x.astype("float32"), cotangent)
    _, bound = reference_with_bound([layer], x, "float32")
    bounds = [bound]
    if len(arrays) > 1:
        linear = plain(case, backend_name, x)
        bounds += gradient_bounds(layer, linear, x, cotangent, activation(case))
    for array, expected, allowed in zip(arrays, expectations(case), bounds, strict=False):
        assert_within(array, expected, allowed + golden_error(case, expected))


@pytest.mark.parametrize("case", tagged("empty"), ids=lambda case: case.id)
def test_a_kernel_larger_than_the_input_raises_where_keras_returned_nothing(
    backend_name: str, case: GoldenCase
) -> None:
    """An output without cells is an error, not an empty array."""
    with pytest.raises(InvalidShape, match="reaches over"):
        case.layer(backend=backend_name, dtype="float32")(case.array("x").astype("float32"))


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("case", tagged("quirk"), ids=lambda case: case.id)
def test_where_keras_contradicts_itself_the_formula_holds(
    backend_name: str, case: GoldenCase
) -> None:
    """Each quirk gives the answer of the convention's rule, by the independent oracle."""
    layer = case.layer(backend=backend_name, dtype="float64")
    output = to_numpy(layer(case.array("x")))
    expected = activated(case, expected_output(case))
    assert output.shape != case.array("y").shape or not np.allclose(case.array("y"), expected)
    np.testing.assert_allclose(output, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", tagged("reference"), ids=lambda case: case.id)
def test_the_oracle_reproduces_every_reference_case(case: GoldenCase) -> None:
    """The rules that judge the quirks give real Keras's answer wherever it has one."""
    expected = activated(case, expected_output(case))
    np.testing.assert_allclose(expected, case.array("y"), rtol=1e-9, atol=1e-11)


IMPOSSIBLE = [
    entry
    for entry in refused()
    if "negative dimensions" in entry["error"]
    or "due to downsampling" in entry["error"]
    or "doesn't match computed" in entry["error"]
]


@pytest.mark.parametrize("entry", IMPOSSIBLE, ids=lambda e: f"{e['file']}-{e['number']}")
def test_what_no_rule_defines_is_refused_as_real_keras_refuses_it(entry: dict[str, Any]) -> None:
    """A kernel larger than its input, or an impossible output size, raises ValueError."""
    case = GoldenCase(
        file=entry["file"],
        id="",
        api=entry["file"].partition("_")[0],
        convention=entry["file"].partition("_")[2],
        class_name=entry["class"],
        kwargs=entry["kwargs"],
        input_shape=tuple(entry["input_shape"]),
        tag="refused",
        n_weights=0,
    )
    with pytest.raises(ValueError, match=r"reaches over|output_padding|asks for"):
        case.layer(backend="numpy", dtype="float32").build(case.input_shape)


def answers(layer: Layer, x: Any, cotangent: Any) -> list[Any]:
    """Return the output and all gradients, or the output alone where none can be had."""
    if layer.backend == "numpy" and importlib.util.find_spec("autograd") is None:
        return [to_numpy(layer(x))]
    found = gradients(layer, x, cotangent)
    arrays = [found.output, found.inputs, *found.weights]
    assert len(arrays) == 2 + len(layer.variables)
    return arrays


def names(case: GoldenCase) -> list[str]:
    """Name the case's arrays: the output and the gradients."""
    return ["y", "gx", *(f"gw{index}" for index in range(case.n_weights))]


def expectations(case: GoldenCase) -> list[Any]:
    """Return real Keras's output and gradients, in the order of `names`.

    tf_keras differentiates Conv3DTranspose by the very float64 conv3d that makes the quirks: with
    'same' and a stride longer than the kernel its gradients are a cell off, and the oracle's stand
    in for them.
    """
    golden = [case.array(name) for name in names(case)]
    kwargs = case.kwargs
    if (case.class_name, case.convention, kwargs.get("padding")) == (
        "Conv3DTranspose",
        "tensorflow",
        "same",
    ) and any(s > k for s, k in zip(kwargs["strides"], kwargs["kernel_size"], strict=True)):
        return [golden[0], *expected_gradients(case, case.array("cot"))]
    return golden


def golden_error(case: GoldenCase, expected: Any) -> float:
    """Return how far the golden numbers themselves may be off, 0 unless the output is float32.

    TensorFlow resizes in float32 whatever it is given. A sample's position, up to the image's
    size, is rounded twice, and so is the weight that it gives the next cell, on two axes.
    """
    if case.array("y").dtype != np.float32:
        return 0.0
    largest = float(np.max(np.abs(expected)))
    return 8 * unit_roundoff("float32") * max(case.input_shape) * largest


def plain(case: GoldenCase, backend_name: str, x: Any) -> Layer:
    """Return the case's layer without activation."""
    linear = "linear" if "activation" in case.kwargs else None
    layer = case.layer(backend=backend_name, dtype="float32", activation=linear)
    layer.build(x.shape)
    return layer


def activation(case: GoldenCase) -> str:
    """Return the name of the case's activation."""
    return str(case.kwargs.get("activation") or "linear")


def activated(case: GoldenCase, z: Any) -> Any:
    """Apply the case's activation to an array."""
    return activations.get(activation(case), VOCABULARIES[case.api].activations)(z)


def assert_within(found: Any, expected: Any, bound: Any) -> None:
    """Assert that the error of each element is within its bound."""
    error = np.abs(np.asarray(found, np.float64) - expected)
    # The golden numbers themselves carry float64 rounding.
    allowed = bound + 1e-12 * np.max(np.abs(expected), initial=0)
    assert found.shape == expected.shape
    assert np.all(error <= allowed), f"largest excess {np.max(error / allowed)} of the bound"
