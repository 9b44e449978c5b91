"""The formulas of Keras 3 on every backend: its numbers, gradients, element types, NaN."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from function_cases import LEGACY, MODULES, Array, gradient, value

from convdispatch.activations import KERAS3
from convdispatch.ops import Backend
from convdispatch.registry import registry

KERAS3_CASES = json.loads((LEGACY / "functions_keras3.json").read_text())["cases"]
ELEMENTWISE = [
    name for name in KERAS3 if name not in ("softmax", "log_softmax", "sparsemax", "glu")
]
KINKS_AND_EXTREMES = np.array(
    [-300.0, -100.0, -6.0, -3.0, -1.0, -0.5, -1e-300, 0.0, 1e-300, 0.5, 1.0, 3.0, 6.0, 100.0, 300.0]
)


def named(case: dict[str, Any]) -> str:
    """Return the id of a Keras 3 case."""
    return f"{case['kind']}-{case['name']}-{case['kwargs']}"


def apply_of(case: dict[str, Any]) -> Any:
    """Return our function of a Keras 3 case, in terms of a backend's table."""
    found = MODULES[case["kind"]].get({"class_name": case["name"], "config": case["kwargs"]})
    method = {"activation": "compute", "regularizer": "loss", "constraint": "apply"}[case["kind"]]
    return getattr(found, method)


@pytest.mark.parametrize("case", KERAS3_CASES, ids=named)
def test_value_is_that_of_keras_3(backend: Backend, case: dict[str, Any]) -> None:
    """Every function of Keras 3 gives Keras 3's numbers."""
    result = value(backend, apply_of(case), np.array(case["input"]))
    np.testing.assert_allclose(result, case["output"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", [c for c in KERAS3_CASES if "grad" in c], ids=named)
def test_gradient_is_that_of_keras_3(backend: Backend, case: dict[str, Any]) -> None:
    """Every function of Keras 3 has Keras 3's gradient, away from kinks."""
    result = gradient(backend, apply_of(case), np.array(case["input"]))
    np.testing.assert_allclose(result, case["grad"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name != "exponential"])
def test_gradients_at_kinks_and_extremes_agree(backend: Backend, name: str) -> None:
    """At kinks and far out every backend has one and the same finite gradient."""
    compute = KERAS3[name].compute
    result = gradient(backend, compute, KINKS_AND_EXTREMES)
    expected = gradient(registry.load("numpy"), compute, KINKS_AND_EXTREMES)
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("relu", 0.0),
        ("leaky_relu", 0.2),
        ("elu", 1.0),
        ("softplus", 0.5),
        ("selu", 1.0507009873554805 * 1.6732632423543772),
        ("softsign", 1.0),
    ],
)
def test_slope_at_zero(backend: Backend, name: str, slope: float) -> None:
    """A kink at 0 has the slope of its left side, and a smooth function its derivative."""
    assert gradient(backend, KERAS3[name].compute, np.zeros(1)) == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("name", KERAS3)
def test_nan_comes_out_as_nan(backend: Backend, name: str) -> None:
    """No activation hides a NaN."""
    x = np.array([[1.0, math.nan]])
    assert np.isnan(value(backend, KERAS3[name].compute, x)).any()


@pytest.mark.parametrize("dtype", ["float16", "float32", "bfloat16"])
@pytest.mark.parametrize("name", KERAS3)
def test_element_type_is_kept(backend: Backend, name: str, dtype: str) -> None:
    """A call on tensors returns the element type that it was given."""
    if dtype == "bfloat16" and backend.name == "numpy":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
    x = backend.asarray(np.array([[-2.5, -0.5, 0.5, 2.5]]), dtype)
    assert backend.describe(KERAS3[name](x))[1] == dtype


# Torch 2.13 warns of its own torch.jit when its compiler is first imported.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_functions_survive_compilation(backend: Backend) -> None:
    """A framework's compiler accepts the formulas and changes no number."""

    def everything(x: Any) -> Any:
        functions = backend.functions
        parts = [KERAS3[name].compute(functions, x) for name in ("elu", "softplus", "softmax")]
        return parts[0] * parts[1] + parts[2]

    x = backend.asarray(np.linspace(-3, 3, 12).reshape(3, 4), "float32")
    compiled = backend.to_numpy(backend.compile(everything)(x))
    np.testing.assert_allclose(compiled, backend.to_numpy(everything(x)), rtol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sparsemax_projects_onto_the_simplex(backend: Backend, axis: int) -> None:
    """The result is the sorted construction of Martins and Astudillo, 2016, ties included."""

    def project(z: Array) -> Array:
        ordered = np.sort(z)[::-1]
        sums = np.cumsum(ordered)
        support = int((1 + np.arange(1, len(z) + 1) * ordered > sums).sum())
        return np.maximum(z - (sums[support - 1] - 1) / support, 0)

    x = np.random.default_rng(0).normal(size=(5, 6)).round(1)
    result = value(backend, KERAS3["sparsemax"].with_parameters(axis=axis).compute, x)
    np.testing.assert_allclose(result, np.apply_along_axis(project, axis, x), atol=1e-12)
