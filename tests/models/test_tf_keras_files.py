"""Models of tf_keras with models in them, recurrent layers, other optimizers, as it saved them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legacy_models import listed, one_or_all
from places import LEGACY

import convdispatch
from convdispatch import keras2
from convdispatch.errors import InvalidArgument

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
    found, recorded = model.get_weights(), arrays(name, "w")
    for got, want in zip(found, recorded, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.filterwarnings("ignore:Flatten.*does not support masking")
@EACH
def test_a_whole_model_predicts_as_it_did(name: str, backend_name: str) -> None:
    """Nested models list what is trained first, and count their calls from 1."""
    require_recorded(convdispatch.load_model(FOLDER / f"{name}.h5", backend=backend_name), name)


@pytest.mark.filterwarnings("ignore:Flatten.*does not support masking")
@EACH
def test_an_architecture_and_its_weights_predict_as_they_did(name: str) -> None:
    """The file of weights has the same order."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    model = convdispatch.model_from_json(text, backend="numpy")
    model.load_weights(FOLDER / f"{name}_weights.h5")
    require_recorded(model, name)


@pytest.mark.filterwarnings("ignore:Flatten.*does not support masking")
@pytest.mark.parametrize("name", ["cells", "models_over_time", "ended_mask", "graph_over_time"])
def test_weights_by_paths_reach_what_is_in_a_layer(name: str) -> None:
    """Cells, stacks of cells in both ways, and a model at each step."""
    model = convdispatch.load_model(FOLDER / f"{name}.keras", backend="numpy")
    require_recorded(model, name)
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    other = convdispatch.model_from_json(text, backend="numpy")
    other.load_weights(FOLDER / f"{name}.weights.h5")
    require_recorded(other, name)


def test_a_mask_ends_where_a_layer_has_no_use_for_it() -> None:
    """TensorFlow's Keras goes on without it, where Keras 2 refuses the model."""
    with pytest.warns(UserWarning, match=r"Flatten.*does not support masking.*ends there"):
        require_recorded(convdispatch.load_model(FOLDER / "ended_mask.h5"), "ended_mask")


@pytest.mark.parametrize("returns", [True, False])
def test_both_ways_of_cells_compute_with_a_mask(returns: bool) -> None:
    """As the layer of the cell does, also where the model is called."""
    layers, inner = keras2.layers, []
    for own in (layers.RNN(layers.LSTMCell(2), returns), layers.LSTM(2, return_sequences=returns)):
        masking = layers.Masking(input_shape=(4, 3))
        inner.append(keras2.models.Sequential([masking, layers.Bidirectional(own)]))
    drawn = np.random.default_rng(0)
    weights = [drawn.normal(size=one.shape) for one in inner[0].get_weights()]
    x = (
        drawn.normal(size=(2, 4, 3)).astype("float32")
        * np.array([[1, 0, 1, 0], [1] * 4])[..., None]
    )
    for model in inner:
        model.set_weights(weights)
    want = inner[1].predict(x)
    np.testing.assert_allclose(inner[0].predict(x), want, atol=1e-6)
    np.testing.assert_allclose(inner[0](x.astype("float32")), want, atol=1e-6)


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_model_trains_on(name: str, differentiable: Any) -> None:
    """Also by optimizers of before TensorFlow 2.11, whose weights have another order."""
    model = convdispatch.load_model(FOLDER / f"{name}.h5", backend=differentiable.name)
    found = model.train_on_batch(arrays(name, "x")[0], arrays(name, "t")[0])
    with np.load(FOLDER / f"{name}.npz") as recorded:
        np.testing.assert_allclose(np.atleast_1d(found), recorded["loss"], rtol=2e-6)
    for got, want in zip(model.get_weights(), arrays(name, "resume_w"), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_zeros_of_ways_that_are_written_out_stay_where_tf_keras_puts_them(tmp_path: Path) -> None:
    """Its file holds them; that of another Keras would compute something else."""
    model = convdispatch.load_model(FOLDER / "masked_unrolled.h5", backend="numpy")
    model.save(tmp_path / "m.keras")
    require_recorded(convdispatch.load_model(tmp_path / "m.keras"), "masked_unrolled")
    for dialect, words in (("keras3", "tf_keras alone gives zeros"), ("keras2", "it gives zeros")):
        with pytest.raises(InvalidArgument, match=words):
            model.save(tmp_path / "other.h5", dialect=dialect)
    assert not (tmp_path / "other.h5").exists()
