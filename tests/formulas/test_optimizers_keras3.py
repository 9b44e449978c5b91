"""Optimizers and schedules of Keras 3 against what the real one computed (see tests/legacy)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from places import LEGACY
from precision import in_float64

from convdispatch import optimizers
from convdispatch.ops import Backend
from convdispatch.optimizers import schedules

RECORDED = json.loads((LEGACY / "training_keras3.json").read_text())
# Keras 3 has a name for each object; of an optimizer that nobody names, ours is the class's.
CASES, RATES = RECORDED["optimizers"], RECORDED["schedules"]


def named(case: dict[str, Any]) -> str:
    """Return the id of a case."""
    return "-".join([case["name"], *(f"{k}={v}" for k, v in case["arguments"].items())])


def made(case: dict[str, Any]) -> Any:
    """Return our object of the case's name and arguments."""
    return optimizers.get({"class_name": case["name"], "config": case["arguments"]})


@pytest.mark.parametrize("case", CASES, ids=named)
def test_weights_are_keras_3s_after_each_update(backend: Backend, case: dict[str, Any]) -> None:
    """Given Keras 3's gradients, every update gives its weights."""
    optimizer, functions = made(case), backend.functions
    # Keras 3 keeps its defaults in float32, of which 1 - 0.999 ** step leaves a few digits.
    tolerance = 1e-7 if case["arguments"] else 1e-5

    def native(value: Any) -> Any:
        return backend.asarray(np.array(value), "float64")

    with in_float64(backend.name):
        weights = [native(array) for array in RECORDED["start"]]
        slots = optimizer.slots(functions, weights)
        for step, after in enumerate(case["after"]):
            gradients = [native(array) for array in RECORDED["gradients"][step]]
            rate = native(optimizer.rate_at(step))
            weights, slots = optimizer.update(
                functions, weights, gradients, slots, rate, native(step)
            )
            for found, wanted in zip(weights, after, strict=True):
                np.testing.assert_allclose(
                    backend.to_numpy(found), wanted, rtol=tolerance, atol=tolerance
                )


@pytest.mark.parametrize("case", CASES, ids=named)
def test_configuration_is_keras_3s(case: dict[str, Any]) -> None:
    """Defaults, names and order of arguments are Keras 3's, and a configuration comes back."""
    found = made(case).get_config()
    assert {**found, "learning_rate": pytest.approx(found["learning_rate"])} == case["config"]
    assert optimizers.deserialize(optimizers.serialize(made(case))).get_config() == found


@pytest.mark.parametrize("case", RATES, ids=named)
def test_rates_are_keras_3s(case: dict[str, Any]) -> None:
    """Every schedule gives Keras 3's learning rates, and comes back from its configuration."""
    schedule = getattr(schedules, case["name"])(**case["arguments"])
    assert [[step, schedule(step)] for step, _ in case["rates"]] == [
        [step, pytest.approx(rate, rel=1e-6, abs=1e-7)] for step, rate in case["rates"]
    ]
    assert schedule.get_config() == case["config"]
    again = schedules.deserialize(schedules.serialize(schedule))
    assert again == schedule
