"""The files of Keras 3 and tf_keras, `.keras` and `.weights.h5`, give the recorded outputs.

CONVDISPATCH_TEST_LEGACY names a folder with more of them, such as all that were recorded.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch.numerics.rounding import reference_with_bound
from convdispatch.saving.recognising import read_checkpoint

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

KERASES = ("keras3", "tfkeras_tensorflow")
FOLDER = Path(os.environ.get("CONVDISPATCH_TEST_LEGACY", LEGACY))


def files(ending: str) -> Any:
    """Return a mark that gives a test each file of that ending."""
    found = sorted(path for keras in KERASES for path in (FOLDER / keras).glob(f"*{ending}"))
    assert len(found) > 5
    return pytest.mark.parametrize(
        "path", found, ids=lambda path: f"{path.parent.name}-{path.stem}"
    )


def require_recorded(model: Any, path: Path) -> None:
    """Assert that the model predicts what was recorded, to twice the bound of rounding."""
    arrays = np.load(path.with_name(f"{path.name.partition('.')[0]}.npz"))
    inputs, outputs = (
        [arrays[name] for name in sorted(arrays.files) if name[0] == kind and name[1:].isdigit()]
        for kind in "xy"
    )
    found = model.predict(inputs if len(inputs) > 1 else inputs[0])
    for place, (got, want) in enumerate(zip(_listed(found), outputs, strict=True)):
        error = np.abs(got.astype("float64") - want)
        assert error.shape == want.shape
        if len(outputs) > 1:  # of a graph no bound is known
            assert error.max() <= 1e-5 * np.abs(want).max(), place
            continue
        _, bound = reference_with_bound(model.layers, inputs[0], "float32")
        assert np.all(error <= 2 * bound)


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


@files(".keras")
def test_a_whole_model_predicts_as_it_did(path: Path, backend_name: str) -> None:
    """The zip has the architecture, and the weights under paths that go by classes."""
    require_recorded(convdispatch.load_model(path, backend=backend_name), path)


@files(".weights.h5")
def test_weights_alone_predict_as_they_did(path: Path) -> None:
    """In a model with other names: Keras 3 finds layers by their classes and places."""
    model: Any = convdispatch.load_model(
        path.with_name(path.name.replace(".weights.h5", ".keras")), backend="numpy"
    )
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model.load_weights(path)
    require_recorded(model, path)


def test_who_wrote_a_file_is_known() -> None:
    """By the version in it; in a file of weights, by the names that Keras 3 alone writes."""
    for name in ("trained.keras", "trained.weights.h5"):
        found = [read_checkpoint(LEGACY / keras / name) for keras in KERASES]
        assert [one.dialect for one in found] == ["keras3", "keras2"]
        assert [one.format.split()[0] for one in found] == ["Keras", "tf_keras"]
        assert [len(one.optimizer) for one in found] == [14, 13]


def test_what_a_checkpoint_says_of_the_trained_model() -> None:
    """Architecture, settings of training and the names of the layers, without reading an array."""
    found = read_checkpoint(LEGACY / "keras3" / "trained.keras")
    assert found.keras_version == "3.15.1"
    assert found.architecture is not None
    assert found.architecture["class_name"] == "Sequential"
    assert found.training is not None
    assert found.training["loss"] == "categorical_crossentropy"
    names = {layer.name: layer.title for layer in found.layers}
    assert names["layers/conv2d_1"] == "c2"
    assert names["layers/dense"] == "d"
