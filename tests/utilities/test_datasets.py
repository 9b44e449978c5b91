"""Keras's data sets from local files: by hand-made files in the formats that Keras wrote."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidDocument

SETS: Any = keras2.datasets  # type: ignore[attr-defined]  # made of a table
PIXELS = np.arange(2 * 3 * 32 * 32, dtype="uint8").reshape(2, 3072)


@pytest.fixture
def folder(keras_home: Path) -> Path:
    """Return the folder of data sets."""
    (keras_home / "datasets").mkdir()
    return keras_home / "datasets"


def test_cifar10_is_read_from_its_batches(folder: Path) -> None:
    """Five of them; a picture's bytes are its three colours one after the other."""
    (folder / "cifar-10-batches-py").mkdir()
    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        batch = {b"data": PIXELS, b"labels": [7, 2]}
        (folder / "cifar-10-batches-py" / name).write_bytes(pickle.dumps(batch, protocol=2))
    (x_train, y_train), (x_test, y_test) = SETS.cifar10.load_data()
    assert (x_train.shape, x_test.shape) == ((10, 32, 32, 3), (2, 32, 32, 3))
    assert y_train.tolist() == [[7], [2]] * 5
    assert y_test.dtype == "uint8"
    assert x_test[1, 2, 5].tolist() == [PIXELS[1, c * 1024 + 2 * 32 + 5] for c in range(3)]


def test_a_small_stand_in_is_an_npz_file(folder: Path) -> None:
    """As the message about the missing file says."""
    with pytest.raises(FileNotFoundError, match=r"cifar-10-batches-py.*numpy.savez") as caught:
        SETS.cifar10.load_data()
    assert "downloads nothing" in str(caught.value)
    x, y = np.zeros((4, 32, 32, 3), "uint8"), np.zeros((4, 1), "uint8")
    np.savez(folder / "cifar10.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    (x_train, _), (x_test, _) = SETS.cifar10.load_data()
    assert (x_train.shape, x_test.shape) == ((4, 32, 32, 3), (1, 32, 32, 3))


class _Harmful:
    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit",))


def test_a_pickle_runs_nothing(folder: Path) -> None:
    """Only what arrays need is found."""
    (folder / "cifar-100-python").mkdir()
    for name in ("train", "test"):
        (folder / "cifar-100-python" / name).write_bytes(pickle.dumps(_Harmful()))
    with pytest.raises(InvalidDocument, match=r"asks for builtins.exec"):
        SETS.cifar100.load_data()


def test_fashion_mnist_is_four_files(folder: Path) -> None:
    """Of the MNIST database's format."""
    (folder / "fashion-mnist").mkdir()
    images = np.arange(2 * 28 * 28, dtype="uint8").reshape(2, 28, 28)
    for part in ("train", "t10k"):
        with gzip.open(folder / "fashion-mnist" / f"{part}-labels-idx1-ubyte.gz", "wb") as stream:
            stream.write(struct.pack(">II", 0x801, 2) + bytes([3, 4]))
        with gzip.open(folder / "fashion-mnist" / f"{part}-images-idx3-ubyte.gz", "wb") as stream:
            stream.write(struct.pack(">IIII", 0x803, 2, 28, 28) + images.tobytes())
    (x_train, y_train), (x_test, _) = SETS.fashion_mnist.load_data()
    assert y_train.tolist() == [3, 4]
    assert (x_train == images).all()
    assert (x_test == images).all()


def _lists(*rows: list[int]) -> Any:
    cells = np.empty(len(rows), object)
    cells[:] = rows
    return cells


def test_imdb_s_words_are_chosen_as_keras_chose_them(folder: Path) -> None:
    """A first sign, numbers moved up by three, the rare and the very frequent left out."""
    np.savez(
        folder / "imdb.npz",
        x_train=_lists([1, 5, 9]), y_train=[1], x_test=_lists([2, 6]), y_test=[0],
    )  # fmt: skip
    (x_train, y_train), (x_test, _) = SETS.imdb.load_data(num_words=10, skip_top=5)
    assert (x_train[0], x_test[0]) == ([2, 2, 8, 2], [2, 5, 9])
    assert y_train.tolist() == [1]
    bare = {"start_char": None, "oov_char": None, "index_from": None}
    assert SETS.imdb.load_data(num_words=9, **bare)[0][0][0] == [1, 5]
    old: Any = keras1.datasets  # type: ignore[attr-defined]  # made of a table
    (x_train, _), _ = old.imdb.load_data(nb_words=10)
    assert x_train[0] == [1, 4, 8, 2]
    (folder / "imdb_word_index.json").write_text(json.dumps({"film": 17}), encoding="utf-8")
    assert SETS.imdb.get_word_index() == {"film": 17}


def test_reviews_of_keras_1_are_two_pickles_in_a_file(folder: Path) -> None:
    """Where that file is there; they run nothing."""
    halves = [([[1, 5, 9], [4]], [1, 0]), ([[2, 6]], [0])]
    path = folder / "imdb_full.pkl"
    path.write_bytes(b"".join(pickle.dumps(one, protocol=2) for one in halves))
    old: Any = keras1.datasets  # type: ignore[attr-defined]  # made of a table
    (x_train, y_train), (x_test, _) = old.imdb.load_data(nb_words=10)
    assert sorted(zip(y_train, map(tuple, x_train), strict=True)) == [
        (0, (1, 7)),
        (1, (1, 4, 8, 2)),
    ]
    assert x_test.tolist() == [[1, 5, 9]]


def test_a_missing_set_of_digits_says_what_to_put_where(folder: Path) -> None:
    """And how to make a small one."""
    said = r"no file '.*mnist\.npz'.*numpy\.savez\(.*x_train=.*\(n, 28, 28\)"
    with pytest.raises(FileNotFoundError, match=said):
        SETS.mnist.load_data()


def test_houses_are_shuffled_by_their_seed(folder: Path) -> None:
    """By NumPy's own generator, as Keras 2.2.4 did: this order is NumPy's for 113."""
    x = np.arange(10.0)[:, None].repeat(13, axis=1)
    np.savez(folder / "boston_housing.npz", x=x, y=np.arange(10.0))
    np.random.seed(113)
    order = np.arange(10)
    np.random.shuffle(order)
    (x_train, y_train), (_, y_test) = SETS.boston_housing.load_data()
    assert y_train.tolist() == order[:8].tolist()
    assert y_test.tolist() == order[8:].tolist()
    assert x_train[:, 12].tolist() == y_train.tolist()
