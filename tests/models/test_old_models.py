"""Models that real Keras 1.2.2 and 2.2.4 made on Theano keep their numbers on any backend."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legacy_models import STACKS
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.numerics.rounding import reference_with_bound
from convdispatch.registry import registry

MODELS = sorted(one for one in LEGACY.glob("keras*_theano/*.json") if one.stem in STACKS)
each_model = pytest.mark.parametrize(
    "path", MODELS, ids=lambda path: f"{path.parent.name}-{path.stem}"
)


def restored(path: Path, backend: str) -> tuple[Any, Any]:
    """Return the model that a real Keras saved, with its weights, and its arrays."""
    facade = importlib.import_module(f"convdispatch.{path.parent.name.partition('_')[0]}.models")
    arrays = np.load(path.with_suffix(".npz"))
    if path.stem.endswith("_th"):  # Keras 1 did not keep the order of all its layers
        convdispatch.set_image_data_format("channels_first")
    with convdispatch.use_convention("theano"):
        model = facade.model_from_json(path.read_text(encoding="utf-8"), backend=backend)
    model.set_weights([arrays[name] for name in sorted(arrays.files) if name.startswith("w")])
    return model, arrays


def test_there_are_models_of_both_kerases() -> None:
    """The tests below have something to loop over."""
    assert {path.parent.name for path in MODELS} == {"keras1_theano", "keras2_theano"}


@each_model
def test_a_theano_trained_model_predicts_as_it_did(path: Path, backend_name: str) -> None:
    """float32 predictions are those of the real thing, computed in float64, within the bound."""
    model, arrays = restored(path, backend_name)
    _, bound = reference_with_bound(model.layers, arrays["x0"], "float32")
    error = np.abs(model.predict(arrays["x0"]).astype("float64") - arrays["y0_f64"])
    assert error.shape == arrays["y0"].shape
    assert np.all(error <= bound)


@each_model
def test_without_the_convention_the_numbers_are_others(path: Path) -> None:
    """It is the convention that keeps them."""
    model, arrays = restored(path, "numpy")
    config = model.get_config()
    for entry in config["layers"]:
        entry["config"]["convention"] = "tensorflow"
    other = convdispatch.Sequential.from_config(config, backend="numpy")
    other.set_weights(model.get_weights())
    assert not np.allclose(other.predict(arrays["x0"]), arrays["y0"], atol=1e-3)


@pytest.mark.parametrize(
    ("facade", "expected"), [(keras1, 0.7), (keras2, 0.7), (convdispatch, 2 / 3)], ids=str
)
def test_entries_without_a_module_are_the_facades_own(facade: Any, expected: float) -> None:
    """hard_sigmoid(1) is 0.7 in Keras 1 and 2, and 2/3 in Keras 3."""
    is_keras1 = facade is keras1
    sizes = {"nb_filter": 1, "filter_length": 1} if is_keras1 else {"filters": 1, "kernel_size": 1}
    name = "Convolution1D" if is_keras1 else "Conv1D"
    config = {**sizes, "activation": "hard_sigmoid", "batch_input_shape": [None, 1, 1]}
    entry = {"class_name": name, "config": config}
    document = {"class_name": "Sequential", "config": [entry] if is_keras1 else {"layers": [entry]}}
    model = facade.models.model_from_json(json.dumps(document), backend="numpy")
    model.set_weights([np.ones_like(model.get_weights()[0]), np.zeros(1)])
    assert model.predict(np.ones((1, 1, 1), "float32")).item() == pytest.approx(expected, rel=1e-6)


def test_penalties_are_a_pure_function_of_the_weights(backend_name: str) -> None:
    """Their gradient is the regularizer's: 2 * 0.5 * w, also where variables cannot be watched."""
    backend = registry.load(backend_name)
    layer = convdispatch.layers.Conv1D(
        1, 2, kernel_regularizer=keras2.regularizers.l2(0.5), backend=backend_name
    )
    model = convdispatch.Sequential([layer])
    model.build((None, 4, 1))
    kernel = np.array([3.0, -2.0], "float32").reshape(2, 1, 1)
    tensors = [backend.asarray(kernel, "float32"), backend.asarray(np.zeros(1), "float32")]

    def penalty(weights: Any) -> Any:
        return sum(model.penalties(weights)), None

    (value, _), (gradient, _) = backend.value_and_grad(penalty)(tensors)
    assert float(backend.to_numpy(value)) == pytest.approx(6.5)
    np.testing.assert_allclose(backend.to_numpy(gradient), kernel, rtol=1e-6)


def test_get_layer_finds_by_name_and_by_index() -> None:
    """And says which there are where it finds none."""
    first = convdispatch.layers.Conv1D(1, 1, name="first", backend="numpy")
    model = convdispatch.Sequential([first], backend="numpy")
    assert model.get_layer("first") is first
    assert model.get_layer(index=0) is first
    with pytest.raises(ValueError, match=r"no layer named 'second'.*'first'"):
        model.get_layer("second")
