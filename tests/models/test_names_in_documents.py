"""Names and arguments in documents as Kerases write them, and configurations of layers alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidDocument
from convdispatch.keras2.utils import custom_object_scope
from convdispatch.models import model_from_json

X = np.arange(6.0).reshape(2, 3)
# As tf_keras and Keras 2 write a function that is no lambda.
CONFIG = {
    "name": "l",
    "trainable": True,
    "function": "doubled",
    "function_type": "function",
    "module": "__main__",
    "output_shape": None,
    "output_shape_type": "raw",
    "output_shape_module": None,
    "arguments": {},
}


class Doubled(layers.Dense):
    """A layer of the user's, registered in a package."""


def doubled(x: Any) -> Any:
    """Add to itself."""
    return x + x


def document(version: str, kind: str, **config: Any) -> str:
    """Return a stack of one layer."""
    entry = {"class_name": kind, "config": {"name": "l", "batch_input_shape": [None, 3], **config}}
    held = {"name": "s", "layers": [entry]}
    return json.dumps({"class_name": "Sequential", "config": held, "keras_version": version})


@pytest.mark.parametrize("version", ["2.2.4", "2.21.0"])
@pytest.mark.parametrize("given", ["Doubled", "Pack>Doubled"])
def test_a_class_that_is_registered_in_a_package_is_found(version: str, given: str) -> None:
    """Under the name that the document has, or that of the class."""
    text = document(version, "Pack>Doubled", units=2)
    assert type(model_from_json(text, {given: Doubled}, backend="numpy").layers[0]) is Doubled
    with pytest.raises(InvalidDocument, match="no layer named 'Pack>Doubled'"):
        model_from_json(text)


@pytest.mark.parametrize("given", ["doubled", "Pack>doubled", "l"])
def test_a_function_that_is_registered_in_a_package_is_found(given: str) -> None:
    """Or by the name of the layer."""
    text = document("2.21.0", "Lambda", **{**CONFIG, "function": "Pack>doubled"})
    model = model_from_json(text, {given: doubled}, backend="numpy")
    np.testing.assert_array_equal(model.predict(X), 2 * X)


@pytest.mark.parametrize("door", [keras1, keras2, convdispatch], ids=["keras1", "keras2", "ours"])
def test_a_configuration_alone_gets_its_function_from_a_scope(door: Any) -> None:
    """As Keras's own `from_config` looks it up; without it the message says what to give."""
    with custom_object_scope({"doubled": doubled}):
        layer = door.layers.Lambda.from_config(CONFIG, backend="numpy")
    np.testing.assert_array_equal(layer(X), 2 * X)
    with pytest.raises(InvalidDocument, match=r"`custom_objects=\{'doubled': \.\.\.\}`"):
        door.layers.Lambda.from_config(CONFIG)


def test_a_class_of_the_user_s_for_lambda_gets_its_function() -> None:
    """It is made of the same configuration."""
    own = {"Lambda": layers.Lambda, "doubled": doubled}
    model = model_from_json(document("2.21.0", "Lambda", **CONFIG), own, backend="numpy")
    np.testing.assert_array_equal(model.predict(X), 2 * X)


@pytest.mark.parametrize("asked", [None, False, True])
def test_arguments_of_a_call_that_ask_for_nothing_are_left_out(asked: bool | None) -> None:
    """tf_keras writes `training` and `mask`, and those of other calls, as None."""
    inputs = {"batch_input_shape": [None, 3], "name": "x"}
    arguments = {"training": asked, "mask": None, "initial_state": None, "constants": [None]}
    entries = [
        {"name": "x", "class_name": "InputLayer", "config": inputs, "inbound_nodes": []},
        {
            "name": "d",
            "class_name": "Dense",
            "config": {"name": "d", "units": 2},
            "inbound_nodes": [[["x", 0, 0, arguments]]],
        },
    ]
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}
    held = {"name": "m", "layers": entries, **ends}
    text = json.dumps({"class_name": "Functional", "config": held, "keras_version": "2.21.0"})
    if asked:
        with pytest.raises(InvalidDocument, match=r"call 0 of 'd' has arguments.*not offered"):
            model_from_json(text)
    else:
        assert model_from_json(text, backend="numpy").output_shape == (None, 2)


def test_a_message_names_the_file_once(tmp_path: Path) -> None:
    """Whoever finds the fault first says where it is."""
    pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    weights = LEGACY / "tf_keras_more" / "adamw_weights.h5"
    for path, words in (
        (weights, "no architecture"),
        (LEGACY / "lambdas" / "tf_keras.h5", "never run"),
    ):
        with pytest.raises(InvalidDocument, match=words) as caught:
            convdispatch.load_model(path)
        assert str(caught.value).count(str(path)) == 1
    (tmp_path / "m.h5").write_bytes(b"")
    with pytest.raises(InvalidDocument) as caught:
        convdispatch.load_model(tmp_path / "m.h5")
    assert str(caught.value).count("m.h5") == 1
