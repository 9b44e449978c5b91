"""safetensors files are those of the package of that name: it reads ours, and we read its."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, layers

safetensors = pytest.importorskip("safetensors.numpy", reason="compared with the package")


def test_the_package_reads_what_is_written(tmp_path: Path) -> None:
    """Every weight under its path through nested models, and who wrote it in the metadata."""
    inner = Sequential([layers.Dense(3, name="d", dtype="float64")], "inner", backend="numpy")
    x = layers.Input((4,), name="x", dtype="float64")
    model = Model(x, layers.Dense(2, name="out", dtype="float64")(inner(x)))
    model.save(tmp_path / "m.safetensors")
    found = safetensors.load_file(tmp_path / "m.safetensors")
    assert sorted(found) == ["inner/d/bias", "inner/d/kernel", "out/bias", "out/kernel"]
    for name, want in zip(
        ("inner/d/kernel", "inner/d/bias", "out/kernel", "out/bias"),
        model.get_weights(),
        strict=True,
    ):
        assert found[name].dtype == np.float64
        np.testing.assert_array_equal(found[name], want)
    data = (tmp_path / "m.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    told = json.loads(data[8 : 8 + length])["__metadata__"]
    assert length % 8 == 0
    assert json.loads(told["convdispatch"])["architecture"]["class_name"] == "Functional"


def test_weights_that_the_package_wrote_are_loaded(tmp_path: Path) -> None:
    """By their paths, in any order and of another type."""
    model = Sequential([layers.Conv1D(2, 2, input_shape=(5, 3), name="c")], backend="numpy")
    kernel = np.arange(12, dtype="float16").reshape(2, 3, 2)
    safetensors.save_file(
        {"c/bias": np.ones(2, "float64"), "c/kernel": kernel}, tmp_path / "w.safetensors"
    )
    model.load_weights(tmp_path / "w.safetensors", trained_on="tensorflow")
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
    np.testing.assert_array_equal(model.get_weights()[1], [1, 1])


def test_half_precision_of_eight_bits_comes_back(tmp_path: Path) -> None:
    """Its numbers are in the file as float32, and the layer has its own type again."""
    pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs ml_dtypes")
    model = Sequential([layers.Dense(2, input_shape=(3,), dtype="bfloat16")], backend="numpy")
    model.save(tmp_path / "m.safetensors")
    again = convdispatch.load_model(tmp_path / "m.safetensors", backend="numpy")
    assert again.layers[0].dtype == "bfloat16"
    for got, want in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got.astype("float32"), want.astype("float32"))
