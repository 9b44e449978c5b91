"""A user's own layers and functions in the files that name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_files import write_model

import convdispatch
from convdispatch import keras1, keras2, layers, regularizers
from convdispatch.errors import InvalidDocument
from convdispatch.models import load_model, model_from_json
from convdispatch.ops import Backend

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")


class Doubling(layers.Dense):
    """A dense layer of the user's."""


def cubed(x: Any) -> Any:
    """Return the third power: an activation."""
    return x * x * x


def doubled_error(targets: Any, outputs: Any) -> Any:
    """Return twice the squared error: a loss."""
    return 2.0 * (targets - outputs) ** 2


class Own(regularizers.Regularizer):
    """A regularizer of the user's."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


OWN = {"Doubling": Doubling, "cubed": cubed, "doubled_error": doubled_error, "Own": Own}
KERNEL, BIAS = np.array([[2.0], [1.0]]), np.array([1.0])
X = np.array([[1.0, -1.0]], "float32")
CONFIG = {
    "name": "d",
    "units": 1,
    "activation": "cubed",
    "batch_input_shape": [None, 2],
    "kernel_regularizer": {"class_name": "Own", "config": {"factor": 0.5}},
}
DOCUMENT = {
    "class_name": "Sequential",
    "config": {"name": "s", "layers": [{"class_name": "Doubling", "config": CONFIG}]},
}
TRAINING = {
    "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5}},
    "loss": "doubled_error",
    "metrics": ["doubled_error"],
    "sample_weight_mode": None,
    "loss_weights": None,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a Keras 2 file of a model of the user's layer, activation, regularizer and loss."""
    arrays = {"d": [("d/kernel:0", KERNEL), ("d/bias:0", BIAS)]}
    said = {"keras_version": "2.2.4", "backend": "tensorflow"}
    return write_model(
        tmp_path / "m.h5", DOCUMENT, arrays, training_config=json.dumps(TRAINING), **said
    )


@pytest.mark.parametrize("load", [load_model, keras2.models.load_model], ids=["ours", "keras2"])
def test_they_take_the_places_of_their_names(file: Path, load: Any) -> None:
    """Layers by class, functions by name, objects by their class and configuration."""
    model = load(file, custom_objects=OWN)
    (layer,) = model.layers
    assert type(layer) is Doubling
    assert layer.activation is cubed
    assert layer.kernel_regularizer.factor == 0.5
    np.testing.assert_allclose(model.predict(X), [[8.0]])  # (2 - 1 + 1) cubed
    assert model.loss is doubled_error
    assert model.metrics_names == ["loss", "doubled_error"]


def test_documents_take_them_too() -> None:
    """In `model_from_json`, and under Keras 1's words of arguments."""
    assert model_from_json(json.dumps(DOCUMENT), OWN).layers[0].activation is cubed
    config = {"name": "d", "output_dim": 1, "activation": "cubed", "batch_input_shape": [None, 2]}
    entry = {"class_name": "Dense", "config": config}
    old = {"class_name": "Sequential", "keras_version": "1.2.2", "config": [entry]}
    model = keras1.models.model_from_json(json.dumps(old), OWN)
    assert model.layers[0].activation is cubed


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("Doubling", "no layer named 'Doubling'.*in `custom_objects`"),
        ("cubed", "'cubed'"),
        ("Own", "'Own'"),
        ("doubled_error", r"training that the file .* speaks of.*'doubled_error'.*`compile=False`"),
    ],
)
def test_one_that_is_missing_is_named(file: Path, missing: str, message: str) -> None:
    """With what to do."""
    given = {name: one for name, one in OWN.items() if name != missing}
    with pytest.raises(InvalidDocument, match=message):
        load_model(file, custom_objects=given)


def test_without_compile_no_loss_is_needed(file: Path) -> None:
    """The model alone is loaded."""
    given = {name: one for name, one in OWN.items() if name != "doubled_error"}
    assert convdispatch.load_model(file, given, compile=False).optimizer is None


def test_nothing_is_looked_up_elsewhere(file: Path) -> None:
    """A name of a file never imports a module, nor finds a function of one."""
    with pytest.raises(InvalidDocument):
        load_model(file, custom_objects={})


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_a_loss_and_a_metric_are_written_by_their_names(door: Any, tmp_path: Path) -> None:
    """As every Keras did, so that `ModelCheckpoint` goes on; the reader gives the functions."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = door.models.Sequential(
        [door.layers.Dense(1, weights=[KERNEL, BIAS], input_shape=(2,))], backend="numpy"
    )
    model.compile("sgd", doubled_error, metrics=[doubled_error])
    path = tmp_path / "m.h5"
    keep = door.callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True)
    model.fit(X, BIAS[None], callbacks=[keep], verbose=0)
    loaded = door.models.load_model(path, {"doubled_error": doubled_error})
    assert loaded.loss is doubled_error
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    with pytest.raises(InvalidDocument, match="unknown loss 'doubled_error'"):
        door.models.load_model(path)


class Holding(keras2.layers.Layer):
    """A layer of the user's that makes another one, and a variable, itself."""

    def __init__(self, **common: Any) -> None:
        super().__init__(**common)
        self.inner = keras2.layers.Dense(3)
        self.table = keras2.backend.variable(np.ones(3))

    def call(self, x: Any) -> Any:
        """Add the variable to what the other layer makes."""
        return self.inner(x) + self.table

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape of that."""
        return (*shape[:-1], 3)


@pytest.mark.parametrize("is_nested", [False, True])
def test_what_a_layer_makes_is_on_the_stated_backend(
    backend: Backend, tmp_path: Path, is_nested: bool
) -> None:
    """That of `backend=`, not the current one, whichever way the document is read."""
    own = {"Holding": Holding}
    model = keras2.models.Sequential([Holding(input_shape=(4,))], backend="numpy")
    if is_nested:
        model = keras2.models.Sequential([model], backend="numpy")
    model.save(tmp_path / "m.h5")
    wishes: dict[str, Any] = {"custom_objects": own, "backend": backend.name}
    x = np.ones((2, 4), "float32")
    with convdispatch.use_backend("numpy"):
        found = [
            keras2.models.load_model(tmp_path / "m.h5", **wishes),
            keras2.models.model_from_json(model.to_json(), **wishes),
            keras2.models.Sequential.from_config(model.get_config(), **wishes),
        ]
    for one in found:
        layer = one.layers[0].layers[0] if is_nested else one.layers[0]
        assert layer.inner.backend == backend.name
        assert backend.owns(one(x))
    np.testing.assert_allclose(found[0].predict(x), model.predict(x), rtol=1e-5)
