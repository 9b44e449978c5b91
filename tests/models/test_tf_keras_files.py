"""Models of tf_keras with models in them, recurrent layers, other optimizers, as it saved them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from legacy_models import listed, one_or_all
from places import LEGACY

import convdispatch

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = LEGACY / "tf_keras_more"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
EACH = pytest.mark.parametrize("name", NAMES)
COMPILED = [name for name in NAMES if "loss" in np.load(FOLDER / f"{name}.npz").files]


def arrays(name: str, stem: str) -> list[Any]:
    """Return the arrays of a stem, in order."""
    with np.load(FOLDER / f"{name}.npz") as found:
        plain = [one for one in sorted(found.files) if one.removeprefix(stem).isdigit()]
        return [found[one] for one in plain if one.startswith(stem)]


def require_recorded(model: Any, name: str) -> None:
    """Assert that outputs and weights are those that were recorded, in their order."""
    outputs = listed(model.predict(one_or_all(arrays(name, "x"))))
    for got, want in zip(outputs, arrays(name, "y"), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6)
    for got, want in zip(model.get_weights(), arrays(name, "w"), strict=True):
        np.testing.assert_array_equal(got, want)


@EACH
def test_a_whole_model_predicts_as_it_did(name: str, backend_name: str) -> None:
    """Nested models list what is trained first, and count their calls from 1."""
    require_recorded(convdispatch.load_model(FOLDER / f"{name}.h5", backend=backend_name), name)


@EACH
def test_an_architecture_and_its_weights_predict_as_they_did(name: str) -> None:
    """The file of weights has the same order."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    model = convdispatch.model_from_json(text, backend="numpy")
    model.load_weights(FOLDER / f"{name}_weights.h5")
    require_recorded(model, name)


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_model_trains_on(name: str, differentiable: Any) -> None:
    """Also by optimizers of before TensorFlow 2.11, whose weights have another order."""
    model = convdispatch.load_model(FOLDER / f"{name}.h5", backend=differentiable.name)
    found = model.train_on_batch(arrays(name, "x")[0], arrays(name, "t")[0])
    with np.load(FOLDER / f"{name}.npz") as recorded:
        np.testing.assert_allclose(np.atleast_1d(found), recorded["loss"], rtol=2e-6)
    for got, want in zip(model.get_weights(), arrays(name, "resume_w"), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
