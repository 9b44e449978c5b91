"""The rows of layers with formulas: a step with every layer, and numbers that could be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from convdispatch import layers
from convdispatch.conformance.case import Mismatch
from convdispatch.conformance.cases import formulas, layer_calls, noise_layers, training_layers
from convdispatch.conformance.cases.formula_rows import FormulaRow
from convdispatch.engine.layer import Layer
from convdispatch.registry import registry

pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")

NUMPY = {"backend": "numpy", "dtype": "float32", "convention": "tensorflow"}
# What the suite asks of these elsewhere, or of what they are made of.
ELSEWHERE = {
    *("Layer", "Input", "InputLayer"),  # no layer of its own
    *("AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"),  # `noise_layers`
    "SpatialDropout1D",
    *("SpatialDropout2D", "SpatialDropout3D"),  # as the one of a sequence, along other axes
    *("ActivityRegularization", "Lambda"),  # the penalty of another layer; a user's function
}


def classes_in(model: Any) -> set[str]:
    """Return the names of the layers of a model, those in wrappers too."""
    made = {model} if isinstance(model, Layer) else set(model.layers)
    inner = {vars(one)["layer"] for one in made if "layer" in vars(one)}
    return {type(one).__name__ for one in made | inner}


def test_a_step_is_asked_of_every_layer() -> None:
    """A new layer gets a row among those that are trained."""
    trained = {
        name for row in training_layers.ROWS.values() for name in classes_in(row.model.make(NUMPY))
    }
    public = {getattr(layers, name).__name__ for name in layers.__all__ if name[0].isupper()}
    assert public - trained - ELSEWHERE == set()
    assert ELSEWHERE & trained <= {"InputLayer"}


@pytest.mark.parametrize("slug", formulas.ROWS)
def test_no_row_is_all_zeros(slug: str) -> None:
    """A result or a gradient of zeros alone would hide most faults."""
    wanted, _, slopes = formulas._by_hand(slug)
    assert wanted.any()
    arrays = (*formulas.ROWS[slug].inputs, *formulas.ROWS[slug].weights)
    for array, found in zip(arrays, slopes, strict=True):
        assert found.any() or array.dtype.kind == "i" or slug == "embedding-by-floats"


@pytest.mark.parametrize("slug", formulas.ROWS)
def test_a_wrong_weight_or_input_is_noticed(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer that computes with numbers a quarter too large is a mismatch."""
    row = formulas.ROWS[slug]
    want = formulas._by_hand(slug)
    arrays = row.weights or row.inputs
    changed = (1.25 * arrays[0], *arrays[1:])
    pair = {"weights": changed} if row.weights else {"inputs": changed}
    wrong = FormulaRow(**{**vars(row), **pair})
    monkeypatch.setattr(formulas, "ROWS", {slug: wrong})
    monkeypatch.setattr(formulas, "_by_hand", lambda _: want)
    with pytest.raises(Mismatch):
        formulas.agrees(registry.load("numpy"), slug, "float32")


def test_a_training_notices_a_wrong_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps twice as long are a mismatch of the weights."""
    training_layers._by_hand("dense-frozen")
    monkeypatch.setattr(training_layers, "RATE", 0.5)
    with pytest.raises(Mismatch, match="after step 1 weight 2 is wrong"):
        training_layers.trains_layer(registry.load("numpy"), "dense-frozen", "float32")


def test_noise_of_another_rate_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of 0.5 is not one of 0.25."""
    rows = {"dropout": (noise_layers._NOISY["dropout"][0], 1.0)}
    monkeypatch.setattr(noise_layers, "_NOISY", rows)
    with pytest.raises(Mismatch, match="the variance is"):
        noise_layers.spreads(registry.load("numpy"), "dropout")


CASES = {
    case.id: case
    for module in (formulas, training_layers, noise_layers, layer_calls)
    for case in module.cases(0)
}


@pytest.mark.parametrize("case_id", CASES)
@pytest.mark.usefixtures("contrary_settings")
def test_the_users_configuration_has_no_say(case_id: str) -> None:
    """Element type, layout, convention and backend are stated by each case."""
    CASES[case_id].run(registry.load("numpy"))
