"""Losses and metrics of Keras 3 against what the real one computed (see tests/legacy)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from function_cases import Array
from places import LEGACY
from precision import in_float64

from convdispatch import losses, metrics
from convdispatch.ops import Backend

RECORDED = json.loads((LEGACY / "training_keras3.json").read_text())
TABLES: dict[str, Any] = {"losses": losses, "metrics": metrics}
CASES = [(kind, case) for kind in TABLES for case in RECORDED[kind]]
CLASSES = RECORDED["reduced"]


def named(value: object) -> str | None:
    """Return the id of a case."""
    if not isinstance(value, dict):
        return str(value)
    return "-".join([value["name"], *(f"{k}={v}" for k, v in value["arguments"].items())])


def arrays(backend: Backend, case: dict[str, Any], *keys: str) -> list[Any]:
    """Return the case's arrays as native tensors of float64."""
    return [backend.asarray(np.array(case[key]), "float64") for key in keys]


def number(backend: Backend, value: Any) -> Array:
    """Return a native tensor's numbers, which must be float64."""
    found = backend.to_numpy(value)
    assert found.dtype == np.float64
    return np.asarray(found)


@pytest.mark.parametrize(("kind", "case"), CASES, ids=named)
def test_value_is_keras_3s(backend: Backend, kind: str, case: dict[str, Any]) -> None:
    """Every loss and metric gives Keras 3's numbers, one for each sample or cell where it did."""
    with in_float64(backend.name):
        given = arrays(backend, case, "targets", "predictions")
        function = TABLES[kind].KERAS3[case["name"]]
        result = number(backend, function(*given, **case["arguments"]))
    assert result.shape == np.shape(case["output"])
    # Keras 3 subtracts the logarithm of 2 in float32 from its log_cosh.
    np.testing.assert_allclose(result, case["output"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("case", RECORDED["losses"], ids=named)
def test_gradient_is_keras_3s(differentiable: Backend, case: dict[str, Any]) -> None:
    """Gradients of the sum of a loss are Keras 3's."""
    backend = differentiable
    with in_float64(backend.name):
        (targets,) = arrays(backend, case, "targets")
        function = losses.KERAS3[case["name"]].with_parameters(**case["arguments"])

        def total(tensors: Any) -> tuple[Any, None]:
            return backend.functions["sum"](function.apply(backend, targets, tensors[0])), None

        variable = backend.variable(np.array(case["predictions"]), "float64")
        _, (gradient,) = backend.value_and_grad(total)([variable])
        result = number(backend, gradient)
    np.testing.assert_allclose(result, case["gradient"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", CLASSES, ids=named)
def test_class_reduces_as_keras_3s(backend: Backend, case: dict[str, Any]) -> None:
    """A class gives Keras 3's number without and with weights, and describes itself alike."""
    loss = losses.get({"class_name": case["name"], "config": case["arguments"]})
    assert isinstance(loss, losses.Loss)
    with in_float64(backend.name):
        *given, weights = arrays(backend, case, "targets", "predictions", "weights")
        plain = number(backend, loss(*given))
        weighted = number(backend, loss(*given, sample_weight=weights))
    np.testing.assert_allclose(plain, case["output"], rtol=1e-9)
    np.testing.assert_allclose(weighted, case["weighted"], rtol=1e-9)
    assert loss.get_config().items() >= case["config"].items()  # Keras 3 forgets `delta`, `axis`


@pytest.mark.parametrize("case", CLASSES, ids=named)
def test_class_comes_back_from_its_configuration(case: dict[str, Any]) -> None:
    """`serialize` and `deserialize` are inverse."""
    loss = losses.get({"class_name": case["name"], "config": case["arguments"]})
    assert isinstance(loss, losses.Loss)
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert isinstance(again, losses.Loss)
    assert again.get_config() == loss.get_config()
