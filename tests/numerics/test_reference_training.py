"""The references of training are right: their rules are Keras 3's, and our losses are theirs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import LEGACY

from convdispatch.formulas import losses as lookup
from convdispatch.formulas.dialects import KERAS1, KERAS3
from convdispatch.numerics import reference_optimizers as rules
from convdispatch.numerics.reference_losses import LOSSES, VARIANTS, slopes

RECORDED = json.loads((LEGACY / "training_keras3.json").read_text())
FAST, MOMENTS = 0.125, (0.125, 0.5, 0.75, 0.0625)
# What Keras 3 recorded, by class and the arguments that make it another rule.
RULES: dict[tuple[str, ...], rules.Rule] = {
    ("SGD", "momentum"): rules.gradient_descent(FAST, 0.75),
    ("SGD", "momentum", "nesterov"): rules.gradient_descent(FAST, 0.75, nesterov=True),
    ("SGD", "weight_decay"): rules.decoupled(rules.gradient_descent(FAST), FAST * 0.25),
    ("SGD", "clipnorm"): rules.shortened(rules.gradient_descent(FAST), 1.0),
    ("SGD", "clipvalue"): rules.clipped(rules.gradient_descent(FAST), 0.5),
    ("RMSprop", "momentum", "centered"): rules.centered_rmsprop(FAST, 0.75, 0.5, 0.0625),
    ("AdamW", "weight_decay", "amsgrad"): rules.decoupled(
        rules.adam(*MOMENTS, greatest=True), FAST * 0.25
    ),
    ("RMSprop",): rules.rmsprop(FAST, 0.75, 0.0625, under_the_root=True),
    ("Adagrad",): rules.adagrad(FAST, 0.5, 0.0625, under_the_root=True),
    ("Adadelta",): rules.adadelta(FAST, 0.75, 0.0625),
    ("Adam",): rules.adam(*MOMENTS),
    ("Adamax",): rules.adamax(*MOMENTS),
    ("Nadam",): rules.nadam(*MOMENTS, 1.0),
}
OF_ALL = {"learning_rate", "epsilon", "rho", "beta_1", "beta_2", "initial_accumulator_value"}
CASES = [
    pytest.param(case, RULES[kind], id="-".join(kind))
    for case in RECORDED["optimizers"]
    for kind in [(case["name"], *(name for name in case["arguments"] if name not in OF_ALL))]
    if case["arguments"] and kind in RULES
]


def test_every_rule_is_compared() -> None:
    """No rule above lacks its record."""
    assert len(CASES) == len(RULES)


@pytest.mark.parametrize(("case", "rule"), CASES)
def test_rule_is_keras_3s(case: dict[str, Any], rule: rules.Rule) -> None:
    """Given Keras 3's gradients, a rule gives its weights."""
    weights: list[Any] = [np.array(array) for array in RECORDED["start"]]
    states: list[dict[str, Any]] = [{}, {}]
    for step, after in enumerate(case["after"]):
        gradients = RECORDED["gradients"][step]
        for place, gradient in enumerate(gradients):
            states[place]["weight"] = weights[place]
            weights[place] = weights[place] - rule(states[place], np.array(gradient), step + 1)
            np.testing.assert_allclose(weights[place], after[place], rtol=1e-7, atol=1e-7)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(LOSSES)),
    st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6),
    st.lists(st.floats(0.05, 0.95), min_size=6, max_size=6),
    st.lists(st.integers(0, 2), min_size=2, max_size=2),
)
def test_losses_are_the_references(
    name: str, predictions: list[float], targets: list[float], classes: list[int]
) -> None:
    """The formulas that keep logarithms finite are the plain ones where nothing is extreme."""
    p, t = np.reshape(predictions, (2, 3)), np.reshape(targets, (2, 3))
    wanted: Any = np.array(classes) if name.startswith("sparse") else t
    dialect, own, parameters, _ = VARIANTS.get(name, ("keras3", name, {}, None))
    table = {"keras1": KERAS1, "keras3": KERAS3}[dialect].losses
    loss: Any = lookup.get({"class_name": own, "config": dict(parameters)}, table)
    found: Any = loss(wanted, p)
    assert float(np.mean(found)) == pytest.approx(LOSSES[name](wanted, p), rel=1e-6, abs=1e-9)


def test_slopes_are_those_of_a_parabola() -> None:
    """The differences of the fourth order are good to nine digits."""
    t, p = np.array([[0.2, 0.7]]), np.array([[0.5, 0.25]])
    np.testing.assert_allclose(slopes("log_cosh", t, p), np.tanh(p - t) / 2, rtol=1e-9)
    np.testing.assert_allclose(slopes("mean_squared_error", t, p), p - t, rtol=1e-12)
