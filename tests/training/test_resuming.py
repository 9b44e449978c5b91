"""`fit(resume=folder)`: a training that was stopped goes on as if it had not been."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, callbacks, keras1, layers
from convdispatch.errors import InvalidDocument, InvalidType
from convdispatch.formulas import random
from convdispatch.initializers import set_random_seed
from convdispatch.ops import Backend
from convdispatch.support import files
from convdispatch.training.resuming import NAME

X = np.random.default_rng(0).normal(size=(20, 4))
Y = np.random.default_rng(1).integers(0, 2, size=20)


def network(optimizer: str = "adam", seed: int = 3, units: int = 4) -> Any:
    """Return a compiled model that draws masks."""
    set_random_seed(seed)
    own: dict[str, Any] = {"dtype": "float64"}
    model = Sequential(
        [
            layers.Dense(units, activation="tanh", input_shape=(4,), **own),
            layers.BatchNormalization(**own),
            layers.Dropout(0.3, **own),
            layers.Dense(2, activation="softmax", **own),
        ],
        backend="numpy",
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(model: Any, epochs: int, **arguments: Any) -> Any:
    """Train; return what the epochs reported."""
    return model.fit(X, Y, batch_size=6, epochs=epochs, verbose=0, **arguments).history


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "nadam"])
def test_it_goes_on_to_the_same_losses(tmp_path: Path, optimizer: str) -> None:
    """Bit for bit, in another model with other weights, after other draws."""
    whole = network(optimizer)
    wanted = trained(whole, 5)
    trained(network(optimizer), 2, resume=tmp_path)
    other = network(optimizer, seed=99)
    assert trained(other, 5, resume=tmp_path) == wanted
    for one, two in zip(other.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_changed_rate_is_kept(tmp_path: Path) -> None:
    """A rate that a callback has set is that of the next epochs, too."""
    halving = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    wanted = trained(network(), 4, callbacks=[halving])
    trained(network(), 2, resume=tmp_path, callbacks=[halving])
    assert trained(network(), 4, resume=tmp_path, callbacks=[halving]) == wanted


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    """A training with all its epochs reports them and makes no step."""
    wanted = trained(network(), 3, resume=tmp_path)
    model = network()
    assert trained(model, 3, resume=tmp_path) == wanted
    assert model.optimizer.iterations == 3 * 4


def test_keras_1_goes_on_in_the_order_of_numpys_generator(tmp_path: Path) -> None:
    """Its samples are shuffled by `numpy.random`."""

    def history(epochs: int, **arguments: Any) -> Any:
        np.random.seed(5)
        set_random_seed(2)
        own = keras1.layers.Dense(2, activation="softmax", input_dim=4, dtype="float64")
        model = keras1.models.Sequential([own], backend="numpy")
        model.compile("sgd", "sparse_categorical_crossentropy")
        given = {"nb_epoch": epochs, "verbose": 0, "batch_size": 6, **arguments}
        return model.fit(X, Y, **given).history

    wanted = history(4)
    history(2, resume=tmp_path)
    assert history(4, resume=tmp_path) == wanted


def cut(data: bytes) -> bytes:
    """Return the first half of a file."""
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    """Return a file of which one bit of the first weight is another."""
    place = data.index(b"weight0.npy") + 200
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def changed(**said: Any) -> Any:
    """Return what makes a file that says something else; None leaves the entry out."""

    def change(data: bytes) -> bytes:
        arrays = dict(np.load(io.BytesIO(data)))
        text = json.loads(arrays["said"].tobytes()) | said
        text = {name: value for name, value in text.items() if value is not None}
        return archived(arrays | {"said": np.frombuffer(json.dumps(text).encode(), np.uint8)})

    return change


def archived(arrays: dict[str, Any]) -> bytes:
    """Return an archive of arrays, as NumPy writes it."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def replaced(name: str, array: Any) -> Any:
    """Return what makes a file with this array by that name, or without it."""

    def change(data: bytes) -> bytes:
        arrays = dict(np.load(io.BytesIO(data))) | {name: array}
        return archived({key: one for key, one in arrays.items() if one is not None})

    return change


BAD = {
    "cut off": (cut, "zip"),
    "empty": (lambda data: b"", "it is empty"),
    "one bit": (flipped, "checksum is wrong"),
    "text": (lambda data: b"epoch,loss\n0,1.5\n", "zip"),
    "of weights": (lambda data: archived({"a": np.ones(3)}), "another kind of archive"),
    "older": (changed(version=1), "is of version 1, and this release reads version 2"),
    "newer": (changed(version=3), "is of version 3"),
    "no counts": (changed(epochs=None), "its 'epochs' is missing or wrong: null"),
    "odd counts": (changed(iterations="many"), "its 'iterations' is missing or wrong"),
    "less than nothing": (changed(epochs=-1), "make no sense"),
    "odd history": (changed(history={"loss": 3}), "make no sense"),
    "odd rate": (changed(rate=float("nan")), "make no sense"),
    "odd stream": (changed(stream=["x", 1, True, True]), "makes no sense"),
    "no stream": (changed(stream=[]), "makes no sense"),
    "odd generator": (changed(numpy=["MT19937", 9999, 0, 0.0]), "make no sense"),
    "another generator": (changed(numpy=["PCG64", 3, 0, 0.0]), "makes no sense"),
    "fewer slots": (changed(slots=[["momentums"]]), "is missing or too many"),
    "no weight": (replaced("weight2", None), "'weight2' is missing or too many"),
    "one too many": (replaced("more", np.ones(2)), "'more' is missing or too many"),
    "other shape": (replaced("weight1", np.ones(5)), r"must be .*float64\[4\].*received .*\[5\]"),
    "other type": (replaced("weight1", np.ones(4, "float32")), r"received .*float32\[4\]"),
    "objects": (replaced("key", np.array([None])), "no array of numbers"),
    "other key": (replaced("key", np.ones((1, 3), "int32")), "its key must be"),
    "other optimizer": (changed(optimizer="Lion"), 'optimizer must be "Adam".*received "Lion"'),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_changes_nothing(tmp_path: Path, fault: str) -> None:
    """It is named, with what is wrong; weights, slots and random numbers stay as they are."""
    change, said = BAD[fault]
    trained(network(), 1, resume=tmp_path)
    path = tmp_path / NAME
    path.write_bytes(change(path.read_bytes()))
    model = network(seed=5)
    trained(model, 1)
    before = everything(model)
    with pytest.raises(InvalidDocument, match=rf"training\.npz' must be one that `fit.*{said}"):
        trained(model, 9, resume=tmp_path)
    for one, two in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(one, two)


def everything(model: Any) -> list[Any]:
    """Return what a training depends on."""
    generator = np.random.get_state(legacy=True)
    own = [*model.get_weights(), *model.optimizer.get_weights()]
    return [*own, model.optimizer.learning_rate, random.position(), generator[1], generator[2]]


def test_a_file_of_another_model_is_told(tmp_path: Path) -> None:
    """With the shapes of both."""
    trained(network(), 1, resume=tmp_path)
    with pytest.raises(InvalidDocument, match=r"is of another model.*\[4, 5\].*\[4, 4\]"):
        trained(network(units=5), 2, resume=tmp_path)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_numbers_of_every_type_come_back(backend: Backend, tmp_path: Path, dtype: str) -> None:
    """NumPy's own files have no bfloat16."""

    def classifier() -> Any:
        set_random_seed(1)
        own: dict[str, Any] = {"dtype": dtype}
        stack = [layers.Dense(4, input_shape=(4,), **own), layers.Dense(2, **own)]
        model = Sequential(stack, backend=backend.name)
        model.compile("adam", "mse")
        return model

    def epochs(model: Any, count: int, **more: Any) -> Any:
        return model.fit(X, np.eye(2)[Y], epochs=count, verbose=0, **more).history["loss"]

    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy has bfloat16 by ml_dtypes")
    whole = classifier()
    wanted = epochs(whole, 3)
    epochs(classifier(), 2, resume=tmp_path)
    other = classifier()
    assert epochs(other, 3, resume=tmp_path) == wanted
    for one, two in zip(other.get_weights(), whole.get_weights(), strict=True):
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)


def test_reports_of_callbacks_come_back(tmp_path: Path) -> None:
    """Arrays as lists, and words."""

    class Telling(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs |= {"array": np.arange(2), "number": np.float32(0.5), "word": "well"}

    trained(network(), 1, resume=tmp_path, callbacks=[Telling()])
    found = trained(network(), 1, resume=tmp_path)
    assert (found["array"], found["number"], found["word"]) == ([[0, 1]], [0.5], ["well"])


def test_a_report_that_no_file_has_is_told(tmp_path: Path) -> None:
    """With its name; the file of the epoch before stays."""

    class Telling(callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["odd"] = {1} if epoch else 0.0

    with pytest.raises(InvalidType, match=r"'odd'.*a set"):
        trained(network(), 3, resume=tmp_path, callbacks=[Telling()])
    assert trained(network(), 1, resume=tmp_path)["odd"] == [0.0]


def test_what_a_killed_process_leaves_is_removed(tmp_path: Path) -> None:
    """Its drafts and its lock; files of others stay."""
    folder = tmp_path / "run"
    trained(network(), 1, resume=folder)
    draft = files._draft_stem(folder / NAME)
    for name in (f"{draft}0123.tmp", ".training.npz.lock", "notes.tmp"):
        (folder / name).write_bytes(b"half")
    trained(network(), 2, resume=folder)
    assert sorted(one.name for one in folder.iterdir()) == ["notes.tmp", NAME]


def test_a_folder_that_is_a_file_is_told_at_once(tmp_path: Path) -> None:
    """Before the first step."""
    (tmp_path / "run").write_text("a file")
    model = network()
    with pytest.raises(OSError, match="run"):
        trained(model, 1, resume=tmp_path / "run")
    assert model.optimizer.iterations == 0


def test_a_number_is_no_folder() -> None:
    """It is named by its type."""
    with pytest.raises(InvalidType, match="`resume` must be the path of a folder; received int"):
        trained(network(), 1, resume=3)
