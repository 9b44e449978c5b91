"""`convdispatch convert`: what is written computes the same, and nothing is written otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import keras2
from convdispatch.cli import _converting, main
from convdispatch.cli._file_arguments import CONVENTIONS, DIALECTS
from convdispatch.models.files import storing, unsaid

Capture = pytest.CaptureFixture[str]
Answer = Callable[..., dict[str, Any]]
Failure = Callable[..., str]
KERAS2 = LEGACY / "keras2_theano" / "functional.h5"
KERAS1 = LEGACY / "keras1_theano" / "conv2d_th.h5"
SAID = ("--trained-on", "theano", "--dim-ordering", "th")


def recorded(path: Path) -> Any:
    """Return the arrays that the real Keras gave for a file."""
    return np.load(path.with_name(f"{path.name.split('.')[0].removesuffix('_weights')}.npz"))


def require_outputs(model: Any, path: Path) -> None:
    """Compare what a model predicts with what the real Keras did."""
    found = recorded(path)
    inputs, outputs = (
        [found[f"{kind}{place}"] for place in range(2) if f"{kind}{place}" in found]
        for kind in "xy"
    )
    assert inputs
    assert outputs
    predicted = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    listed = predicted if isinstance(predicted, list) else [predicted]
    for one, wanted in zip(listed, outputs, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-4, atol=1e-5)


def folder_of(path: Path) -> list[str]:
    """Return the names in a folder, hidden ones too."""
    return sorted(os.listdir(path))


@pytest.mark.parametrize("ending", ["h5", "safetensors"])
def test_a_whole_model_computes_what_the_real_keras_did(
    tmp_path: Path, answer: Answer, ending: str
) -> None:
    """The new file alone has it, and it trains on."""
    pytest.importorskip("h5py", reason="it writes HDF5")
    out = tmp_path / f"new.{ending}"
    found = answer("convert", str(KERAS2), str(out))
    assert (found["written"], found["error_in_bounds"], found["max_error"]) == (True, 0.0, 0.0)
    model: Any = convdispatch.load_model(out, backend="numpy")
    require_outputs(model, KERAS2)
    assert model.optimizer is not None
    assert [name for name in folder_of(tmp_path) if "new" in name] == [out.name]


def test_what_is_said_of_an_old_file_counts(tmp_path: Path, capsys: Capture) -> None:
    """And what was not said is warned of once, in one line."""
    pytest.importorskip("h5py", reason="it writes HDF5")
    out = tmp_path / "new.h5"
    assert main(["convert", str(KERAS1), str(out), *SAID]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert f"wrote {out}: model of Keras 1, HDF5" in captured.out
    assert "largest difference on random input: 0, 0 of the rounding bound" in captured.out
    said = {"trained_on": "theano", "dim_ordering": "th"}
    require_outputs(convdispatch.load_model(out, backend="numpy", **said), KERAS1)
    assert main(["convert", str(KERAS1), str(out), "--force"]) == 0
    errors = capsys.readouterr().err
    assert errors.count("\n") == 2
    assert errors.count("convdispatch: warning: the file") == 2


def test_weights_alone_and_back_with_their_architecture(tmp_path: Path, answer: Answer) -> None:
    """By NumPy's archive, which needs no other package."""
    weights = tmp_path / "weights.npz"
    assert answer("convert", str(KERAS2), str(weights))["format"] == "weights, NumPy's archive"
    text = tmp_path / "model.json"
    assert answer("convert", str(KERAS2), str(text))["format"] == "architecture of Keras 2, JSON"
    other = tmp_path / "again.npz"
    answer("convert", str(weights), str(other), "--architecture", str(text))
    model: Any = keras2.models.model_from_json(text.read_text())
    with np.load(other) as arrays, np.load(weights) as first:
        assert list(arrays) == list(first)
    model.load_weights(other)
    require_outputs(model, KERAS2)


def test_weights_of_hdf5_are_asked_for(tmp_path: Path, answer: Answer) -> None:
    """`.h5` is a whole model unless --weights says otherwise."""
    pytest.importorskip("h5py", reason="it writes HDF5")
    out = tmp_path / "w.h5"
    found = answer("convert", str(KERAS2), str(out), "--weights")
    assert found["format"] == "weights of Keras 2, HDF5"
    assert answer("inspect", str(out))["has_architecture"] is False


def test_json_of_an_architecture_alone(tmp_path: Path, answer: Answer, failure: Failure) -> None:
    """It becomes JSON; anything else would need weights."""
    text = LEGACY / "keras2_theano" / "conv1d.json"
    answer("convert", str(text), str(tmp_path / "new.json"))
    document = json.loads((tmp_path / "new.json").read_text())
    assert (document["class_name"], document["keras_version"]) == ("Sequential", "2.2.4")
    error = failure("convert", str(text), str(tmp_path / "a.npz"))
    assert "only another '.json' can be made" in error


def test_an_existing_file_is_replaced_only_by_force(
    tmp_path: Path, failure: Failure, answer: Answer
) -> None:
    """Nor is it touched before the new one is proved."""
    out = tmp_path / "weights.npz"
    out.write_bytes(b"mine")
    out.chmod(0o640)
    error = failure("convert", str(KERAS2), str(out))
    assert "exists. Give another name, or --force to replace it" in error
    assert out.read_bytes() == b"mine"
    answer("convert", str(KERAS2), str(out), "--force")
    assert out.read_bytes() != b"mine"
    assert out.stat().st_mode & 0o777 == 0o640
    assert [name for name in folder_of(tmp_path) if "weights" in name] == ["weights.npz"]


def test_a_file_may_not_replace_itself(tmp_path: Path, failure: Failure) -> None:
    """A mistake of typing must not cost the model."""
    path = tmp_path / "model.h5"
    path.write_bytes(KERAS2.read_bytes())
    assert "are one file" in failure("convert", str(path), str(path), "--force")
    assert path.read_bytes() == KERAS2.read_bytes()


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_file_that_computes_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, is_forced: bool
) -> None:
    """Exit status 1: a kernel is wrong by a thousandth."""
    write = _converting.write

    def spoil(model: Any, *rest: Any) -> None:
        other = model.to("numpy")
        weights = other.get_weights()
        weights[0] = weights[0] * 1.001
        other.set_weights(weights)
        write(other, *rest)

    monkeypatch.setattr("convdispatch.cli._convert.write", spoil)
    out = tmp_path / "weights.npz"
    if is_forced:
        out.write_bytes(b"mine")
    assert main(["convert", str(KERAS2), str(out), *["--force"] * is_forced]) == 1
    assert "Not written: they differ by more than rounding explains" in capsys.readouterr().out
    assert out.exists() == is_forced
    assert not is_forced or out.read_bytes() == b"mine"
    assert not [name for name in folder_of(tmp_path) if name.startswith(".")]


def test_nothing_is_left_of_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    """As of a full disk while the file is written."""

    def fill(*arguments: Any) -> None:
        raise OSError(28, "No space left on device", "out")

    monkeypatch.setattr("convdispatch.cli._convert.write", fill)
    assert "No space left" in failure("convert", str(KERAS2), str(tmp_path / "weights.npz"))
    assert not [name for name in folder_of(tmp_path) if "weights" in name]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a.onnx"], "the ending of 'a.onnx' says no format; a model: .h5"),
        (["nowhere/a.h5"], "there is no such folder"),
        (["a.keras", "--to", "keras1"], "a .keras file is one of tf_keras or of Keras 3"),
        (["a.keras", "--weights"], "a .keras file is a whole model"),
        (["a.h5", "--architecture", str(KERAS2)], "has its architecture: leave out"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: Failure,
    arguments: list[str],
    words: str,
) -> None:
    """And exit status 2."""
    monkeypatch.chdir(tmp_path)
    assert words in failure("convert", str(KERAS2), *arguments)


def test_weights_need_an_architecture(tmp_path: Path, failure: Failure) -> None:
    """The message says how to give it."""
    weights = LEGACY / "keras2_theano" / "functional_weights.h5"
    error = failure("convert", str(weights), str(tmp_path / "a.npz"))
    assert "without an architecture. Give the model's JSON or file by --architecture" in error


def test_words_of_the_parser_are_those_of_the_models() -> None:
    """The copies that keep `--help` fast have not drifted."""
    assert set(DIALECTS) == set(storing.DIALECTS)
    assert CONVENTIONS == unsaid.CONVENTIONS
