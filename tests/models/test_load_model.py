"""Whole models from the files of every Keras, with the numbers that they had there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_files import write_model
from legacy_models import SavedModel, listed, one_or_all, saved_models
from mixed_types import outputs_of
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2
from convdispatch.errors import InvalidDocument

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

EACH = pytest.mark.parametrize("saved", saved_models(), ids=lambda one: f"{one.keras}-{one.name}")
COMPILED = pytest.mark.parametrize(
    "saved", saved_models(compiled=True), ids=lambda one: f"{one.keras}-{one.name}"
)
FACADES: dict[str, Any] = {
    "keras1_theano": keras1.models,
    "keras2_theano": keras2.models,
    "tfkeras_tensorflow": convdispatch,
}


def loaded(saved: SavedModel, backend: str, **arguments: Any) -> Any:
    """Return the model of a whole file."""
    path = saved.file(".h5")
    return convdispatch.load_model(path, backend=backend, **saved.said, **arguments)


def require_recorded(model: Any, saved: SavedModel) -> None:
    """Assert that the outputs are those that the real Keras recorded in float32."""
    outputs = model.predict(one_or_all(saved.arrays("x")))
    for got, want in zip(listed(outputs), saved.arrays("y"), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * np.abs(want).max())


def test_there_are_models_of_every_kind() -> None:
    """The tests below have something to loop over."""
    assert len({saved.keras for saved in saved_models()}) == 3
    assert len(saved_models()) >= 43
    assert len(saved_models(compiled=True)) >= 14


@EACH
def test_a_whole_model_predicts_as_it_did(saved: SavedModel, backend_name: str) -> None:
    """The architecture, the weights and the convention of the backend are in the file, or said."""
    require_recorded(loaded(saved, backend_name), saved)


@EACH
def test_an_architecture_and_its_weights_predict_as_they_did(saved: SavedModel) -> None:
    """From a document, then the file of weights by place, then by name."""
    models = FACADES[saved.keras]
    text = saved.file(".json").read_text(encoding="utf-8")
    model = models.model_from_json(text, backend="numpy", **saved.said)
    trained_on = {key: word for key, word in saved.said.items() if key == "trained_on"}
    for arguments in ({}, {"by_name": True}):
        model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
        model.load_weights(saved.file("_weights.h5"), **arguments, **trained_on)
        require_recorded(model, saved)


@EACH
def test_in_float64_the_numbers_are_keras_s(saved: SavedModel) -> None:
    """To 1e-9, with the first convolution as Keras 2 computed it: see `mixed_types`."""
    recorded = saved.numbers_in_float64()
    if not recorded:
        assert saved.keras == "tfkeras_tensorflow"
        return
    wide = loaded(saved, "numpy").to("numpy", dtype="float64")
    if saved.keras == "keras2_theano":
        outputs = outputs_of(wide, saved.arrays("x"))
    else:
        inputs = [x.astype("float64") for x in saved.arrays("x")]
        outputs = listed(wide.predict(one_or_all(inputs)))
    for got, want in zip(outputs, recorded, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9)


def test_only_the_first_convolution_of_keras2_is_another() -> None:
    """In float64 alone the outputs are off where the document says float32 of a convolution."""
    off = set()
    for saved in saved_models():
        if saved.keras == "keras2_theano":
            wide = loaded(saved, "numpy").to("numpy", dtype="float64")
            first = next(layer for layer in wide.layers if not layer.is_input)
            outputs = wide.predict(one_or_all([x.astype("float64") for x in saved.arrays("x")]))
            gaps = zip(listed(outputs), saved.numbers_in_float64(), strict=True)
            is_off = any(np.abs(got - want).max() > 1e-9 for got, want in gaps)
            off.add((is_off, hasattr(first, "strides")))
    assert off == {(True, True), (False, False)}


@EACH
def test_the_weights_are_those_of_keras(saved: SavedModel) -> None:
    """In the order and the layout of its `get_weights`."""
    names = [weight[2] for weight in saved.entry["weights"]]
    found = loaded(saved, "numpy").get_weights()
    assert [list(weight.shape) for weight in found] == names
    for got, want in zip(found, saved.arrays("w"), strict=True):
        np.testing.assert_array_equal(got, want)


@COMPILED
def test_a_compiled_model_trains_on(saved: SavedModel, differentiable: Any) -> None:
    """With the same losses, and one step later with the same weights."""
    model = loaded(saved, differentiable.name)
    x, targets = one_or_all(saved.arrays("x")), one_or_all(saved.arrays("t"))
    tested = np.atleast_1d(model.test_on_batch(x, targets))
    np.testing.assert_allclose(tested, saved.entry["evaluate_after_load"], rtol=2e-6)
    trained = np.atleast_1d(model.train_on_batch(x, targets))
    np.testing.assert_allclose(trained, saved.entry["train_on_batch_after_load"], rtol=2e-6)
    for got, want in zip(model.get_weights(), saved.arrays("resume_w"), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-6)


@COMPILED
def test_what_is_reported_has_the_names_that_it_had(saved: SavedModel) -> None:
    """'acc' in Keras 1 and 2, 'accuracy' later."""
    assert loaded(saved, "numpy").metrics_names == saved.entry["metrics_names"]


RATELESS = {"config": {"decay": 0.1}}
LOSS = {"class_name": "MeanSquaredError", "config": {"reduction": ["sum"]}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer_config": {"class_name": "RMSprop", **RATELESS}}, "no `learning_rate`"),
        ({"optimizer_config": {"class_name": "SGD", **RATELESS}}, "no `learning_rate`"),
        ({"loss": LOSS}, "`reduction` must be"),
        ({"loss": {**LOSS, "class_name": ["m"]}}, "`class_name` of a loss or a metric"),
        ({"metrics": [{**LOSS, "class_name": {}}]}, "`class_name` of a loss or a metric"),
        ({"metrics": [{"class_name": "MeanMetricWrapper", "config": {"fn": "m", "name": []}}]}, ""),
    ],
)
def test_faults_of_the_training_are_one_error(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    """With what to do, whatever the settings hold."""
    config = {"name": "d", "units": 1, "batch_input_shape": [None, 1], "use_bias": False}
    layer = {"class_name": "Dense", "config": config}
    document = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}
    entry = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
    training = {"optimizer_config": entry, "loss": "mse", "metrics": None, **change}
    said = {"keras_version": "2.21.0", "training_config": json.dumps(training)}
    path = write_model(tmp_path / "m.h5", document, {"d": [("d/kernel:0", [[1.0]])]}, **said)
    with pytest.raises(InvalidDocument, match=f"{words}.*compile=False"):
        convdispatch.load_model(path, backend="numpy")
    convdispatch.load_model(path, backend="numpy", compile=False)


def test_compile_may_be_left_out() -> None:
    """Then the model alone is loaded."""
    path = LEGACY / "keras2_theano" / "trained.h5"
    assert convdispatch.load_model(path, backend="numpy", compile=False).optimizer is None
    assert convdispatch.load_model(path, backend="numpy").optimizer is not None


def test_loading_draws_no_number() -> None:
    """The next layer gets the weights that it would have got without it."""
    drawn = []
    for loads in (False, True):
        convdispatch.set_random_seed(3)
        if loads:
            convdispatch.load_model(LEGACY / "keras2_theano" / "trained.h5", backend="numpy")
        layer = convdispatch.layers.Dense(2, backend="numpy")
        layer.build((None, 3))
        drawn.append(layer.get_weights()[0])
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("keras", ["keras1", "keras2"])
def test_a_model_is_of_the_keras_that_wrote_it(keras: str) -> None:
    """With its methods, its layers and the names of its arguments."""
    said = {"trained_on": "theano"} if keras == "keras1" else {}
    path = LEGACY / f"{keras}_theano" / "trained.h5"
    model = convdispatch.load_model(path, backend="numpy", **said)
    assert type(model) is getattr(convdispatch, keras).models.Sequential
    names = {"keras1": "nb_filter", "keras2": "filters"}
    assert model.get_layer("c1").get_config()[names[keras]] == 4


@pytest.mark.parametrize("keras", ["keras1", "keras2"])
def test_each_facade_loads_models(keras: str) -> None:
    """Under the Keras's own name, with its arguments in their order."""
    models = getattr(convdispatch, keras).models
    path = LEGACY / f"{keras}_theano" / "trained.h5"
    said = {"trained_on": "theano"} if keras == "keras1" else {}
    with convdispatch.use_backend("numpy"):
        model = models.load_model(path, {}, **said)
    assert isinstance(model, models.Sequential)
    assert model.optimizer is not None
