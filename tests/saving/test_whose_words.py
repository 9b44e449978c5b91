"""A file without a version of Keras is known by its words: of arguments, classes and arrays."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch.cli import main
from convdispatch.saving.recognising import read_checkpoint
from convdispatch.saving.whose_words import dialect_by_words

h5py = pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDERS = ("keras1_theano", "keras2_theano", "old_more", "tf_keras_more", "tfkeras_tensorflow")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((LEGACY / folder).glob("*.h5"))
    if not path.name.endswith(".weights.h5")
]
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")


def anonymous(path: Path, to: Path, *, keeps_backend: bool = False) -> Path:
    """Copy a file without what says which Keras and which backend wrote it."""
    to.write_bytes(path.read_bytes())
    with h5py.File(to, "r+") as file:
        for group in (file, file.get("model_weights", file)):
            group.attrs.pop("keras_version", None)
            if not keeps_backend:
                group.attrs.pop("backend", None)
    return to


@EACH
def test_every_real_file_is_known_without_its_version(path: Path, tmp_path: Path) -> None:
    """By its architecture, and by its arrays alone."""
    want = read_checkpoint(path).dialect
    found = read_checkpoint(anonymous(path, tmp_path / "m.h5"))
    assert (found.dialect, found.keras_version) == (want, None)
    assert found.evidence
    names = [array.name for layer in found.layers for array in layer.arrays]
    assert dialect_by_words(None, names)[0] == want or not names  # merges have none


@pytest.mark.parametrize("ordering", ["cf", "cl"])
def test_a_model_of_keras_2_without_its_version_predicts_as_it_did(
    tmp_path: Path, ordering: str
) -> None:
    """It was taken for one of Keras 1, whose kernels and gates are laid out otherwise."""
    path = LEGACY / "keras2_theano" / f"full_{ordering}.h5"
    arrays = np.load(path.with_suffix(".npz"))
    model = convdispatch.load_model(
        anonymous(path, tmp_path / "m.h5"), trained_on="theano", backend="numpy"
    )
    assert type(model).__module__.startswith("convdispatch.keras2")
    want = arrays["y0"]
    np.testing.assert_allclose(model.predict(arrays["x0"]), want, rtol=2e-6, atol=2e-6)


def test_weights_of_keras_2_without_its_version_are_those_of_the_model(tmp_path: Path) -> None:
    """Also gates of recurrent layers, whose order is another in Keras 1."""
    path = LEGACY / "old_more" / "k2_rnn.h5"
    model = convdispatch.load_model(path)
    want = model.get_weights()
    model.set_weights([np.zeros_like(one) for one in want])
    model.load_weights(anonymous(path, tmp_path / "w.h5"))
    for got, expected in zip(model.get_weights(), want, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_warning_says_that_the_backend_of_such_a_file_was_assumed(tmp_path: Path) -> None:
    """As it does for a file of Keras 1, which never says it."""
    path = anonymous(LEGACY / "keras2_theano" / "conv2d_cl.h5", tmp_path / "m.h5")
    with pytest.warns(UserWarning, match="does not say which backend trained it: `trained_on='te"):
        convdispatch.load_model(path)


def nameless(path: Path, arrays: list[Any]) -> Path:
    """Write weights as a Keras did for variables without names."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"gru_1"]
        group = file.create_group("gru_1")
        group.attrs["weight_names"] = [b"param_%d" % place for place in range(len(arrays))]
        for place, array in enumerate(arrays):
            group[f"param_{place}"] = array
    return path


@pytest.mark.parametrize("home", ["keras1", "keras2"])
def test_nameless_weights_are_taken_for_those_of_the_models_keras(
    tmp_path: Path, home: str
) -> None:
    """A warning says so."""
    from importlib import import_module

    layers: Any = import_module(f"convdispatch.{home}.layers")
    models: Any = import_module(f"convdispatch.{home}.models")
    model = models.Sequential([layers.GRU(2, input_shape=(4, 3))])
    want = [np.full_like(one, place) for place, one in enumerate(model.get_weights())]
    path = nameless(tmp_path / "w.h5", want)
    with pytest.warns(UserWarning, match=f"nothing in it tells: Keras {home[-1]} is assumed"):
        model.load_weights(path)
    for got, expected in zip(model.get_weights(), want, strict=True):
        np.testing.assert_array_equal(got, expected)


def layer(name: str, **config: Any) -> dict[str, Any]:
    """Return the entry of a layer."""
    return {"class_name": name, "config": {"name": "one", **config}}


TELLING: list[tuple[list[dict[str, Any]], str, str]] = [
    ([layer("Flatten"), layer("Dense", output_dim=3, init="uniform")], "keras1", "a Dense has"),
    ([layer("Flatten"), layer("Dense", units=3)], "keras2", "a Dense has the argument `units`"),
    ([layer("Dropout", p=0.5)], "keras1", "a Dropout has the argument `p`"),
    ([layer("Dropout", rate=0.5)], "keras2", "a Dropout has the argument `rate`"),
    ([layer("Merge", mode="sum")], "keras1", "a layer of the class 'Merge'"),
    ([layer("Add")], "keras2", "a layer of the class 'Add'"),
    ([layer("ZeroPadding2D", padding=[1, 1])], "keras1", ""),
    ([layer("MaxPooling1D", padding="valid")], "keras2", "has the argument `padding`"),
    ([layer("Own", units=3), layer("Dropout", p=0.5)], "keras1", "a Dropout has"),
    (
        [layer("TimeDistributed", layer=layer("Dense", output_dim=2, bias=True))],
        "keras1",
        "a Dense has the argument `bias`",
    ),
]


@pytest.mark.parametrize(("entries", "dialect", "words"), TELLING, ids=lambda one: str(one)[:40])
def test_words_tell_the_keras(entries: Any, dialect: str, words: str) -> None:
    """Those of a class that somebody else wrote do not."""
    found = dialect_by_words({"class_name": "Sequential", "config": entries}, ())
    assert found[0] == dialect
    assert words in found[1]
    assert bool(words) == bool(found[1])


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("dense_1_W", "keras1"),
        ("dense_1_W:0", "keras1"),
        ("conv1/7x7_s2_W", "keras1"),
        ("batchnormalization_1_running_std", "keras1"),
        ("lstm_1_U_i:0", "keras1"),
        ("dense_1/kernel:0", "keras2"),
        ("dense_1/kernel_1:0", "keras2"),
        ("block_b/conv/depthwise_kernel:0", "keras2"),
        ("kernel:0", "keras2"),
        ("bn/moving_variance", "keras2"),
    ],
)
def test_the_name_of_an_array_tells_the_keras(name: str, dialect: str) -> None:
    """On every backend of either."""
    assert dialect_by_words(None, [name]) == (dialect, f"an array is called {name!r}")


def said(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what `inspect` prints."""
    assert main(["inspect", str(path), *options]) == 0
    return capsys.readouterr().out


def test_inspect_says_what_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the text and in the JSON."""
    path = anonymous(LEGACY / "keras2_theano" / "trained_weights.h5", tmp_path / "w.h5")
    words = "Keras 2 or tf_keras, by its form: an array is called 'c1/kernel'"
    assert f"written by: {words}" in said(path, capsys, "--no-run")
    assert json.loads(said(path, capsys, "--json", "--no-run"))["evidence"] in words
    untold = nameless(tmp_path / "n.h5", [np.ones((3, 6))])
    assert "written by: Keras 1 or 2: nothing in it tells which" in said(untold, capsys)


def written(path: Path, change: Callable[[Any], Any]) -> Path:
    """Write the JSON of a real model of Keras 2, changed."""
    text = (LEGACY / "keras2_theano" / "trained.json").read_text(encoding="utf-8")
    path.write_text(json.dumps(change(json.loads(text))), encoding="utf-8")
    return path


def test_json_without_a_version_is_converted_as_its_keras(tmp_path: Path) -> None:
    """Its words say the Keras."""
    kept = ("class_name", "config")
    path = written(tmp_path / "m.txt", lambda one: {key: one[key] for key in kept})
    out = tmp_path / "out.json"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert main(["convert", str(path), str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["keras_version"] == "2.2.4"
