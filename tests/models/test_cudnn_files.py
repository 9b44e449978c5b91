"""Layers of NVIDIA's library in files: laid out as they are there, and computed on every backend.

The files are tf_keras's, and so are the outputs, of its `LSTM` and `GRU` with the same weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras1, keras2
from convdispatch import layers as ours
from convdispatch.cli import main
from convdispatch.errors import InvalidDocument
from convdispatch.models import Sequential

h5py = pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = LEGACY / "cudnn"
KINDS = pytest.mark.parametrize("kind", ["LSTM", "GRU"])
ARRAYS = np.load(FOLDER / "cudnn.npz")


def recorded(kind: str, way: str) -> list[Any]:
    """Return the recorded weights of a model."""
    names = sorted(name for name in ARRAYS.files if name.startswith(f"{kind}_{way}"))
    return [ARRAYS[name] for name in names]


def plain(kind: str, home: Any = keras2.layers, **options: Any) -> Any:
    """Return the recorded model of `LSTM` or `GRU` layers."""
    options |= {"recurrent_activation": "sigmoid"}
    options |= {"reset_after": True} if kind == "GRU" else {}
    make = getattr(home, kind)
    return Sequential(
        [
            make(4, return_sequences=True, name="a", input_shape=(6, 3), **options),
            home.Bidirectional(make(5, return_sequences=True, **options), name="both"),
            make(2, go_backwards=True, name="c", **options),
            home.Dense(2, name="d"),
        ]
    )


def require_as_recorded(model: Any, kind: str) -> None:
    """Assert that a model predicts what was recorded."""
    want = ARRAYS[f"{kind}_y"]
    np.testing.assert_allclose(model.predict(ARRAYS["x"]), want, rtol=1e-5, atol=1e-6)


@KINDS
def test_a_file_loads_and_predicts_as_recorded(kind: str, backend_name: str) -> None:
    """With the weights as the file has them."""
    model = convdispatch.load_model(FOLDER / f"{kind.lower()}.h5", backend=backend_name)
    assert type(model.layers[0]).__name__ == f"CuDNN{kind}"
    for got, want in zip(model.get_weights(), recorded(kind, "cudnn"), strict=True):
        np.testing.assert_array_equal(got, want)
    require_as_recorded(model, kind)


@KINDS
@pytest.mark.parametrize("home", [keras2.layers, ours], ids=["keras2", "ours"])
def test_weights_load_into_the_plain_layers(kind: str, home: Any) -> None:
    """As `preprocess_weights_for_loading` of Keras 2.2.4 lays them out, in wrappers too."""
    model = plain(kind, home)
    model.load_weights(FOLDER / f"{kind.lower()}_weights.h5")
    for got, want in zip(model.get_weights(), recorded(kind, "plain"), strict=True):
        np.testing.assert_array_equal(got, want)


@KINDS
def test_weights_of_plain_layers_load_into_those_of_the_library(kind: str, tmp_path: Path) -> None:
    """An LSTM's bias is divided among both, as there."""
    other = plain(kind)
    other.set_weights(recorded(kind, "plain"))
    other.save_weights(tmp_path / "w.h5")
    model = convdispatch.load_model(FOLDER / f"{kind.lower()}.h5", backend="numpy")
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    model.load_weights(tmp_path / "w.h5")
    pairs = zip(model.get_weights(), recorded(kind, "cudnn"), strict=True)
    for got, want in ((a, b) for a, b in pairs if a.ndim > 1):
        np.testing.assert_array_equal(got, want)
    require_as_recorded(model, kind)


def test_weights_load_into_an_lstm_of_keras_1() -> None:
    """Whose gates are apart."""
    make: Any = keras1.layers.LSTM
    sizes = {"inner_activation": "sigmoid", "return_sequences": True}
    model = keras1.models.Sequential([make(4, input_shape=(6, 3), name="a", **sizes)])
    model.load_weights(FOLDER / "lstm_weights.h5", by_name=True)
    kernel, recurrent, bias = recorded("LSTM", "plain")[:3]
    by_gate = [np.split(one, 4, axis=-1) for one in (kernel, recurrent, bias)]
    want = [part["ifco".index(gate)] for gate in "icfo" for part in by_gate]
    for got, expected in zip(model.get_weights(), want, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_gru_of_the_older_kind_is_told() -> None:
    """It cannot compute what the library does."""
    model = Sequential([keras2.layers.GRU(4, input_shape=(6, 3), name="a")])
    with pytest.raises(InvalidDocument, match="of a CuDNNGRU, which only a GRU with `reset_after="):
        model.load_weights(FOLDER / "gru_weights.h5", by_name=True)


TARGETS = [
    *((dialect, ending) for dialect in ("keras2", "keras3") for ending in (".h5", ".weights.h5")),
    *(("tf_keras", ending) for ending in (".h5", ".keras", ".weights.h5", ".safetensors")),
    ("keras3", ".keras"),
    ("keras3", ".json"),
    ("keras1", ".h5"),
    ("keras1", ".weights.h5"),
    ("keras1", ".json"),
]


@KINDS
@pytest.mark.parametrize(("dialect", "ending"), TARGETS, ids=lambda one: str(one))
def test_a_file_is_converted_into_every_keras(
    kind: str, dialect: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where that Keras has no such layers, into its plain ones; Keras 1 has no such GRU."""
    source, out = FOLDER / f"{kind.lower()}.h5", tmp_path / f"out{ending}"
    code = main(["convert", str(source), str(out), "--to", dialect, "--json"])
    printed = capsys.readouterr()
    if (kind, dialect) == ("GRU", "keras1"):
        assert code == 2
        assert "it has no `reset_after`, here True" in printed.err
        assert not out.exists()
        return
    assert code == 0
    assert json.loads(printed.out)["error_in_bounds"] == 0
    if ending in (".h5", ".keras"):
        model = convdispatch.load_model(out, backend="numpy", **_said(dialect))
        is_own = type(model.layers[0]).__name__.startswith("CuDNN")
        assert is_own == (dialect == "keras2")
        require_as_recorded(model, kind)


def _said(dialect: str) -> dict[str, Any]:
    return {"trained_on": "tensorflow"} if dialect == "keras1" else {}


@KINDS
def test_a_file_of_keras_2_has_the_arguments_of_its_layer(kind: str, tmp_path: Path) -> None:
    """Those of Keras 2.2.4's `get_config`, and no other."""
    path = tmp_path / "m.h5"
    convdispatch.load_model(FOLDER / f"{kind.lower()}.h5").save(path, dialect="keras2")
    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])["config"]["layers"][0]["config"]
    weights = [
        f"{weight}_{kind_of}"
        for kind_of in ("initializer", "regularizer", "constraint")
        for weight in ("kernel", "recurrent", "bias")
    ]
    flags = ["return_sequences", "return_state", "go_backwards", "stateful"]
    own = ["units", "activity_regularizer", *(["unit_forget_bias"] if kind == "LSTM" else [])]
    assert sorted(config) == sorted(
        ["name", "trainable", "batch_input_shape", "dtype", *flags, *own, *weights]
    )


def test_the_columns_of_a_kernel_lie_one_after_the_other() -> None:
    """[[0, 1, 2], [3, 4, 5]] has the columns 0 3, 1 4 and 2 5."""
    weights = [np.zeros((2, 12)), np.zeros((3, 12)), np.zeros(24)]
    weights[0][:, 6:9] = [[0, 3, 1], [4, 2, 5]]  # of the gate c
    layer = keras2.layers.CuDNNLSTM(3, input_shape=(1, 2), weights=weights)
    like = keras2.layers.LSTM(3, input_shape=(1, 2), recurrent_activation="sigmoid")
    kernel = np.zeros((2, 12))
    kernel[:, 6:9] = [[0, 1, 2], [3, 4, 5]]
    like.build((None, 1, 2))
    like.set_weights([kernel, np.zeros((3, 12)), np.zeros(12)])
    x = np.array([[[0.25, -0.5]]])
    np.testing.assert_allclose(layer(x), like(x), rtol=1e-7)
    state = 1 / 2 * np.tanh(x[0, 0] @ kernel[:, 6:9])
    np.testing.assert_allclose(layer(x)[0], np.tanh(state) / 2, rtol=1e-6)


@KINDS
def test_both_biases_are_trained(kind: str, differentiable: Any) -> None:
    """Each gets the gradient of their sum; where the state resets after, the two differ."""
    make: Any = getattr(keras2.layers, f"CuDNN{kind}")
    model = Sequential([make(2, input_shape=(3, 2))], backend=differentiable.name)
    model.compile("sgd", "mse")
    before = model.get_weights()[2]
    rng = np.random.default_rng(0)
    model.train_on_batch(rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 2)))
    of_input, of_state = np.split(model.get_weights()[2] - before, 2)
    same = slice(None) if kind == "LSTM" else slice(0, 4)
    assert np.abs(of_input).min() > 0
    np.testing.assert_allclose(of_input[same], of_state[same], rtol=1e-5, atol=1e-7)


def test_the_arguments_are_those_of_keras_2() -> None:
    """A forget gate's bias of the state is one; other words are refused."""
    layer = keras2.layers.CuDNNLSTM(2, input_shape=(3, 1))
    layer.build((None, 3, 1))
    bias = layer.get_weights()[2]
    np.testing.assert_array_equal(bias, [0] * 10 + [1] * 2 + [0] * 4)
    announced: Any = keras2.layers.CuDNNGRU(2, input_dim=5, input_length=3)
    assert announced.batch_input_shape == (None, 3, 5)
    with pytest.raises(TypeError, match="takes no keyword argument `recurrent_activation`"):
        keras2.layers.CuDNNLSTM(2, recurrent_activation="tanh")
