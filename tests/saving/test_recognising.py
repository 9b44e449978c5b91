"""What a file is, is told by what it holds; a file of another kind gets one line that says so."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch import layers
from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.models import Sequential
from convdispatch.saving.recognising import read_checkpoint

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

WHOLE = LEGACY / "keras2_theano" / "trained.h5"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 22688\n"
TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"  # of TensorFlow's index, a LevelDB table


def archive(*names: str) -> bytes:
    """Return a zip archive with these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name in names:
            made.writestr(name, b"{}")
    return stream.getvalue()


def array() -> bytes:
    """Return a file of one array of NumPy."""
    stream = io.BytesIO()
    np.save(stream, np.ones(3))
    return stream.getvalue()


KINDS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty: nothing was written to it"),
    "pointer of Git LFS": (LFS, "is a pointer of Git LFS.*Run `git lfs pull`"),
    "pickle": (pickle.dumps({"a": [1, 2]}), "is a pickle, which can run any code.*never read here"),
    "old torch": (TORCH_MAGIC, r"is a file of PyTorch. Load it there by `torch.load"),
    "torch": (archive("best/data.pkl", "best/version"), "is a file of PyTorch"),
    "list of checkpoints": (b'model_checkpoint_path: "m-1"\n', "list of TensorFlow's checkpoints"),
    "index of a checkpoint": (b"\0" * 100 + TABLE_END, "index of a checkpoint of TensorFlow"),
    "lite": (b"\x1c\0\0\0TFL3" + b"\0" * 40, "is a model of TensorFlow Lite"),
    "array": (array(), "is a single array of NumPy"),
    "archive of arrays": (archive("a/kernel.npy"), "archive of NumPy's arrays.*load_weights"),
    "another archive": (archive("readme.txt"), "is a zip archive, but not of a model"),
    "gguf": (b"GGUF\x03\0\0\0", "is a model of llama.cpp"),
    "compressed": (b"\x1f\x8b\x08\0" + b"\0" * 20, "is compressed. Unpack it first"),
    "tar": (b"\0" * 257 + b"ustar\x0000" + b"\0" * 250, "is an archive of tar"),
    "web page": (b"<!DOCTYPE html><html>404</html>", "is a web page, probably an error"),
    "onnx": (b"\x08\x07\x12\x07pytorch-onnx", "is a model of ONNX"),
    "yaml": (b"class_name: Sequential\nconfig: []\n", "is a model's YAML.*`model_from_yaml`"),
    "json": (b'{"a": 1}', "is JSON, but not of a model: it has no `class_name`"),
    "broken json": (b'{"class_name": ', r"its text is not JSON.*Copy or save it again"),
    "cut archive": (archive("config.json")[:20], r"that is cut.*Copy or save it again"),
    "old pickle": (b"(dp0\nVa\np1\nI1\ns.", "is a pickle, which can run any code"),
    "cut safetensors": (b"\x10" + b"\0" * 7 + b"{}", r"damaged or cut.*Copy or save it again"),
    "wrong magic": (b"\x89HDX\r\n\x1a\n" + b"\0" * 90, r"no known kind: it begins with b'\\x89HDX"),
    "text": (b"hello", "is of no known kind: it begins with b'hello'. Files of models are"),
    "cut early": (WHOLE.read_bytes()[:40], "is cut: it has 40 bytes. Copy or save it again"),
    "cut": (WHOLE.read_bytes()[:20_000], r"is cut: it has 20,000 of its 32,144 bytes"),
}


@pytest.mark.parametrize("ending", [".h5", ".keras"])
@pytest.mark.parametrize("kind", KINDS)
def test_another_file_is_told_what_it_is(tmp_path: Path, kind: str, ending: str) -> None:
    """In one line, whatever its name says, for models and for weights."""
    data, message = KINDS[kind]
    path = tmp_path / f"file{ending}"
    path.write_bytes(data)
    with pytest.raises(InvalidDocument, match=message) as caught:
        convdispatch.load_model(path)
    assert "\n" not in str(caught.value)
    model = Sequential([layers.Dense(1, input_shape=(2,))], backend="numpy")
    with pytest.raises(InvalidDocument, match=re.escape(str(path))):
        model.load_weights(path)


def test_an_archive_of_other_arrays_is_named(tmp_path: Path) -> None:
    """With how many arrays the model has."""
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    model = Sequential([layers.Dense(1, input_shape=(2,))], backend="numpy")
    with pytest.raises(InvalidArgument, match=r"other\.npz.*must be 2 arrays.*received 1"):
        model.load_weights(tmp_path / "other.npz")


def hdf5(path: Path, fill: Any) -> Path:
    """Write an HDF5 file."""
    import h5py

    with h5py.File(path, "w") as file:
        fill(file)
    return path


def test_weights_of_keras_0_3_are_told(tmp_path: Path) -> None:
    """They have numbered layers; Keras 1 still read them."""

    def fill(file: Any) -> None:
        file.attrs["nb_layers"] = 1
        layer = file.create_group("layer_0")
        layer.attrs["nb_params"] = 1
        layer["param_0"] = np.ones((2, 1), "float32")

    with pytest.raises(InvalidDocument, match=r"weights of Keras 0.3 or older. Load it in Keras 1"):
        convdispatch.load_model(hdf5(tmp_path / "w.h5", fill))


def test_an_hdf5_file_of_nobody_we_know_is_told(tmp_path: Path) -> None:
    """With what it holds."""
    path = hdf5(tmp_path / "w.h5", lambda file: file.create_dataset("images", data=np.ones(3)))
    with pytest.raises(InvalidDocument, match="HDF5 file that no Keras wrote: it holds 'images'"):
        convdispatch.load_model(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((), "is a folder. Name the file of the model in it"),
        (("saved_model.pb",), "is a SavedModel of TensorFlow. Load it there"),
        (("checkpoint",), "holds checkpoints of TensorFlow"),
        (("config.json", "metadata.json"), "is an unpacked '.keras' file"),
    ],
    ids=["folder", "SavedModel", "checkpoints", "unpacked"],
)
def test_a_folder_is_told_what_it_is(tmp_path: Path, members: Any, message: str) -> None:
    """Also that TensorFlow's formats are folders."""
    for name in members:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InvalidDocument, match=message):
        convdispatch.load_model(tmp_path)


def test_the_name_of_a_checkpoint_is_told(tmp_path: Path) -> None:
    """Its files have longer names; a name of nothing is a missing file."""
    (tmp_path / "model.ckpt.index").write_bytes(b"")
    with pytest.raises(InvalidDocument, match=r"'model.ckpt.index' does: a checkpoint of TensorF"):
        convdispatch.load_model(tmp_path / "model.ckpt")
    part = tmp_path / "model.ckpt.data-00000-of-00001"
    part.write_bytes(b"\1" * 40)
    with pytest.raises(InvalidDocument, match="is a part of a checkpoint of TensorFlow"):
        convdispatch.load_model(part)
    with pytest.raises(FileNotFoundError):
        convdispatch.load_model(tmp_path / "nothing.h5")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("keras1_theano/trained.h5", "Keras 1 model (.h5)"),
        ("keras1_theano/trained_weights.h5", "Keras 1 weights (.h5)"),
        ("keras2_theano/trained.h5", "Keras 2 model (.h5)"),
        ("keras2_theano/trained_weights.h5", "Keras 2 weights (.h5)"),
        ("keras1_theano/trained.json", "Keras 1 architecture (JSON)"),
        ("keras2_theano/trained.json", "Keras 2 architecture (JSON)"),
    ],
)
def test_the_files_of_kerases_are_known(tmp_path: Path, name: str, kind: str) -> None:
    """Under any name."""
    path = tmp_path / "without an ending"
    path.write_bytes((LEGACY / name).read_bytes())
    assert read_checkpoint(path).format == kind


def test_a_document_in_a_document_is_read(tmp_path: Path) -> None:
    """Scripts wrote `json.dump(model.to_json(), file)`, which quotes the text once more."""
    import json

    text = (LEGACY / "keras1_theano" / "trained.json").read_text(encoding="utf-8")
    path = tmp_path / "model.json"
    path.write_text(json.dumps(text), encoding="utf-8")
    assert read_checkpoint(path).format == "Keras 1 architecture (JSON)"
