"""What a file of Keras 1 does not say: the caller says it, or a warning tells what is assumed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_files import write_model
from legacy_models import saved_models
from places import LEGACY

import convdispatch
from convdispatch import keras1
from convdispatch.errors import InvalidArgument
from convdispatch.models import load_model

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

TRAINED = LEGACY / "keras1_theano" / "trained.h5"
PADDED = LEGACY / "keras1_theano" / "conv2d_th.h5"
KERAS1 = {one.name: one for one in saved_models() if one.keras == "keras1_theano"}


@pytest.fixture(autouse=True)
def on_numpy() -> Any:
    """Compute on NumPy: what is assumed does not depend on a backend."""
    with convdispatch.use_backend("numpy"):
        yield


def warned(name: str, **arguments: Any) -> tuple[Any, list[str]]:
    """Return the model of a file, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = load_model(KERAS1[name].file(".h5"), **arguments)
    return model, [str(one.message) for one in caught]


def error(model: Any, name: str) -> float:
    """Return how far the outputs are from those that Keras 1 on Theano recorded."""
    found = np.atleast_1d(model.predict(KERAS1[name].arrays("x")[0]))
    return float(np.abs(found - KERAS1[name].arrays("y")[0]).max())


def test_theano_is_assumed_of_theano_s_order_of_axes() -> None:
    """The warning says what is assumed, why, what changes otherwise, and what to say."""
    model, (message,) = warned("trained")
    assert error(model, "trained") < 1e-6
    assert f"the file {str(TRAINED)!r} does not say which backend trained it" in message
    assert "`trained_on='theano'` is assumed, because its layers have dim_ordering 'th'" in message
    assert "With `trained_on='tensorflow'` the kernels of 'c1', 'c2' are the other way" in message
    assert message.endswith("Say `trained_on=`.")


def test_the_other_answer_gives_other_numbers() -> None:
    """And neither answer is warned of."""
    for convention, is_right in (("theano", True), ("tensorflow", False)):
        model, messages = warned("trained", trained_on=convention)
        assert (error(model, "trained") < 1e-6) == is_right
        assert messages == []


def test_tensorflow_is_assumed_of_its_order_of_axes() -> None:
    """It is right for most files, and wrong for this one, which says it nowhere."""
    model, messages = warned("atrous_tf")
    assert (
        "`trained_on='tensorflow'` is assumed, because its layers have dim_ordering 'tf'"
        in (messages[0])
    )
    assert error(model, "atrous_tf") > 1e-2


def test_what_only_theano_computed_tells_theano() -> None:
    """A border_mode of 'full'."""
    model, messages = warned("full_tf")
    assert any("'full', which only Theano computed" in message for message in messages)
    assert error(model, "full_tf") < 1e-6


def test_a_convention_in_force_was_said() -> None:
    """By `use_convention`, so nothing is assumed."""
    with convdispatch.use_convention("theano"):
        model, messages = warned("atrous_tf")
    assert error(model, "atrous_tf") < 1e-6
    assert messages == []


def test_the_order_of_axes_is_that_of_the_other_layers() -> None:
    """Keras 1 wrote it into convolutions and pooling, not into padding, cropping and repeating."""
    model, messages = warned("conv2d_th", trained_on="theano")
    assert error(model, "conv2d_th") < 1e-6
    assert len(messages) == 1
    assert "does not say the order of the axes of 'zeropadding2d_1'" in messages[0]
    assert "`dim_ordering='th'` is assumed, because the other layers have it" in messages[0]
    assert "With `dim_ordering='tf'` they would take other axes for the channels" in messages[0]
    _, messages = warned("conv2d_th", trained_on="theano", dim_ordering="th")
    assert messages == []


def test_a_keras_2_file_says_its_backend() -> None:
    """Another word of the caller's counts, with a warning."""
    path = LEGACY / "keras2_theano" / "trained.h5"
    assert {layer.convention for layer in load_model(path).layers} == {"theano"}
    with pytest.warns(UserWarning, match="says that 'theano' trained it, and `trained_on` says"):
        model = load_model(path, trained_on="tensorflow")
    assert {layer.convention for layer in model.layers} == {"tensorflow"}


def test_a_keras_2_document_says_its_backend() -> None:
    """`to_json` writes it, too."""
    text = (LEGACY / "keras2_theano" / "trained.json").read_text(encoding="utf-8")
    assert json.loads(text)["backend"] == "theano"
    model = convdispatch.model_from_json(text)
    assert {layer.convention for layer in model.layers} == {"theano"}


def test_a_document_s_layers_without_an_order_of_axes_have_the_others() -> None:
    """With a warning where Keras 1 would have taken another, that of its settings."""
    text = KERAS1["conv2d_th"].file(".json").read_text(encoding="utf-8")
    with pytest.warns(UserWarning, match=r"of 'zeropadding2d_1': `dim_ordering='th'` is assumed"):
        model = keras1.models.model_from_json(text)
    assert model.get_layer("zeropadding2d_1").dim_ordering == "th"
    other = keras1.models.model_from_json(text, dim_ordering="tf", trained_on="theano")
    assert other.get_layer("zeropadding2d_1").dim_ordering == "tf"
    assert other.layers[0].convention == "theano"


@pytest.mark.parametrize("given", ["Theano", "cntk", 3])
def test_who_trained_it_is_one_of_two(given: Any) -> None:
    """The message names them."""
    with pytest.raises(InvalidArgument, match="`trained_on` must be 'theano' or 'tensorflow'"):
        load_model(TRAINED, trained_on=given)
    with pytest.raises(InvalidArgument, match=r"`dim_ordering` must be 'th' .* or 'tf'"):
        load_model(TRAINED, dim_ordering=given)


def test_dim_ordering_has_the_words_of_every_keras() -> None:
    """'channels_first' is Keras 2's word for 'th'."""
    said = {"trained_on": "theano"}
    first = load_model(PADDED, dim_ordering="channels_first", **said)
    assert first.get_layer("zeropadding2d_1").data_format == "channels_first"


@pytest.mark.parametrize(
    ("version", "backend", "expected"),
    [
        ("2.2.4", "theano", [0, 0.5, 1, 1]),
        ("2.2.4", "tensorflow", [0, 0.5, 1, 1]),
        ("2.3.1", "tensorflow", [0, 0.5, 1, 1]),
        ("2.2.4-tf", "tensorflow", [0, 0.25, 0.75, 1]),
        ("2.21.0", "tensorflow", [0, 0.25, 0.75, 1]),
    ],
)
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_file_s_version_says_the_grid(
    tmp_path: Path, version: str, backend: str, expected: list[float], is_wrapped: bool
) -> None:
    """Keras 2 sampled [0, 1] at 0, 0.5, 1, 1.5; that of TensorFlow 2 between the cells' centres."""
    config: dict[str, Any] = {"name": "u", "size": [1, 2], "interpolation": "bilinear"}
    entry = {"class_name": "UpSampling2D", "config": config | {"data_format": "channels_last"}}
    shape, x = [None, 1, 2, 1], np.array([0.0, 1]).reshape(1, 1, 2, 1)
    if is_wrapped:
        entry = {"class_name": "TimeDistributed", "config": {"name": "u", "layer": entry}}
        shape, x = [None, 1, 1, 2, 1], x[None]
    entry["config"]["batch_input_shape"] = shape  # type: ignore[index]  # a dictionary
    document = {"class_name": "Sequential", "config": {"name": "s", "layers": [entry]}}
    said = {"keras_version": version, "backend": backend}
    file = write_model(tmp_path / "m.h5", document, {"u": []}, **said)
    for model in (load_model(file), convdispatch.model_from_json(json.dumps({**document, **said}))):
        assert model.predict(x, verbose=0).ravel().tolist() == expected
        assert convdispatch.model_from_json(model.to_json()).predict(x, verbose=0).tolist() == (
            model.predict(x, verbose=0).tolist()
        )
