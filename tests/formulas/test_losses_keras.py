"""Losses and metrics of Keras 1 and 2 against what the real Kerases computed (see tests/legacy)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from function_cases import Array, Case, entries, with_key
from precision import in_float64

from convdispatch.ops import Backend
from convdispatch.registry import registry

TOLERANCE = 1e-6

CASES = entries("cases", "loss", "metric")


def values(backend: Backend, measure: Any, targets: Array, predictions: Array) -> Array:
    """Return what a loss or a metric gives on the backend in float64."""
    with in_float64(backend.name):
        arrays = [backend.asarray(array, "float64") for array in (targets, predictions)]
        result = backend.to_numpy(measure.apply(backend, *arrays))
    assert result.dtype == np.float64
    return np.asarray(result)


def slopes(backend: Backend, measure: Any, targets: Array, predictions: Array) -> Array:
    """Return the gradient of the sum of the values with respect to the predictions."""
    if backend.name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    with in_float64(backend.name):
        wanted = backend.asarray(targets, "float64")
        differentiate = backend.value_and_grad(
            lambda tensors: (
                backend.functions["sum"](measure.apply(backend, wanted, tensors[0])),
                None,
            )
        )
        _, (result,) = differentiate([backend.variable(predictions, "float64")])
        return np.asarray(backend.to_numpy(result), np.float64)


def test_the_manifests_have_all_their_cases() -> None:
    """No case is lost between the manifest and the tests below."""
    kinds = [(case.oracle.dialect.name, case.entry["kind"]) for case in CASES]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        ("keras1", "loss"): 32,
        ("keras1", "metric"): 51,
        ("keras2", "loss"): 36,
        ("keras2", "metric"): 47,
    }


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # NaN is expected
@pytest.mark.parametrize("case", CASES, ids=str)
def test_value_is_the_oracles(backend: Backend, case: Case) -> None:
    """Every loss and metric gives the old Keras's numbers, one for each sample where it did."""
    (expected,) = case.arrays("output")
    result = values(backend, case.function, *case.arrays("inputs"))
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # NaN is expected
@pytest.mark.parametrize("case", with_key(CASES, "grad"), ids=str)
def test_gradient_is_the_oracles(backend: Backend, case: Case) -> None:
    """Gradients are the old Keras's, and at a kink lie between the slopes on its two sides."""
    targets, predictions = case.arrays("inputs")
    result = slopes(backend, case.function, targets, predictions)
    low, high = one_sided_slopes(case.function, targets, predictions)
    is_kink = high - low > 1e-3 * (1 + np.abs(low))
    expected = np.where(is_kink, np.clip(result, low, high), case.array("grad"))
    np.testing.assert_allclose(result, expected, rtol=TOLERANCE, atol=TOLERANCE)


def one_sided_slopes(measure: Any, targets: Array, predictions: Array) -> tuple[Array, Array]:
    """Return the smaller and the greater of the slopes on both sides of each prediction."""
    step, numpy_backend = 1e-9, registry.load("numpy")
    middle = values(numpy_backend, measure, targets, predictions).sum()
    low, high = np.empty_like(predictions), np.empty_like(predictions)
    for index in np.ndindex(predictions.shape):
        moved = predictions.copy()
        found = []
        for sign in (-1, 1):
            moved[index] = predictions[index] + sign * step
            total = values(numpy_backend, measure, targets, moved).sum()
            found.append(sign * (total - middle) / step)
        low[index], high[index] = min(found), max(found)
    return low, high
