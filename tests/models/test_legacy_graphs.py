"""One graph that four real Kerases saved: read by each façade, it gives their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import Model

KERASES = ("keras1_theano", "keras2_theano", "tfkeras_tensorflow", "keras3")
EACH = pytest.mark.parametrize("keras", KERASES)


def restored(keras: str, backend: str) -> tuple[Any, Any]:
    """Return the model with its weights, and its arrays."""
    arrays = np.load(LEGACY / "graphs" / f"{keras}.npz")
    document = (LEGACY / "graphs" / f"{keras}.json").read_text(encoding="utf-8")
    with convdispatch.use_convention("theano" if "theano" in keras else "tensorflow"):
        model = convdispatch.model_from_json(document, backend=backend)
    model.set_weights([arrays[name] for name in sorted(arrays.files) if name.startswith("w")])
    return model, arrays


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@EACH
def test_a_graph_with_merged_branches_predicts_as_it_did(keras: str, backend_name: str) -> None:
    """Two inputs, a shared convolution, a sum and a concatenation, two outputs."""
    model, arrays = restored(keras, backend_name)
    assert isinstance(model, Model)
    assert model.input_names == ["left", "right"]
    outputs = model.predict([arrays["x0"], arrays["x1"]])
    for place, got in enumerate(outputs):
        np.testing.assert_allclose(got, arrays[f"y{place}"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("keras", [one for one in KERASES if "theano" in one])
def test_in_float64_the_graph_s_numbers_are_keras_s(keras: str) -> None:
    """To 1e-7, with the weights in float64."""
    model, arrays = restored(keras, "numpy")
    wide = model.to("numpy", dtype="float64")
    outputs = wide.predict([arrays[name].astype(np.float64) for name in ("x0", "x1")])
    for place, got in enumerate(outputs):
        np.testing.assert_allclose(got, arrays[f"y{place}_f64"], rtol=1e-7)


@EACH
def test_the_graph_is_written_and_read_again(keras: str) -> None:
    """In our own words: the same numbers."""
    model, arrays = restored(keras, "numpy")
    again = convdispatch.model_from_json(model.to_json(), backend="numpy")
    again.set_weights(model.get_weights())
    inputs = [arrays["x0"], arrays["x1"]]
    for got, want in zip(again.predict(inputs), model.predict(inputs), strict=True):
        np.testing.assert_array_equal(got, want)
