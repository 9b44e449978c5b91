"""Keras's data sets, from the files that every Keras keeps in `~/.keras/datasets`.

Nothing is downloaded. Each set says which file it reads, and how to make a small stand-in of it.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import InvalidDocument
from convdispatch.runtime.config import keras_folder
from convdispatch.utilities import batches_of_pictures, words
from convdispatch.utilities.pickled import read_arrays, read_pickle

Pairs: TypeAlias = "tuple[tuple[Any, Any], tuple[Any, Any]]"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_FASHION = (
    "train-labels-idx1-ubyte.gz",
    "train-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
)


def folder() -> Path:
    """Return where data sets are kept: `~/.keras/datasets`, or `$KERAS_HOME/datasets`."""
    return keras_folder(os.environ) / "datasets"


def require(path: Path, what: str, stand_in: str) -> Path:
    """Return the path of a file that exists, or raise `FileNotFoundError` on it."""
    if path.exists():
        return path
    raise FileNotFoundError(
        f"no file {str(path)!r}. Put {what} there. convdispatch downloads nothing. A small "
        f"stand-in to try a script with: {stand_in}"
    )


def _saved(path: Path, shapes: str) -> str:
    """Return how to write an .npz file of such arrays."""
    return f"`numpy.savez({str(path)!r}, {shapes})`."


def load_fashion_mnist() -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)): pictures of clothes, 28 x 28 bytes each."""
    path = folder() / "fashion-mnist"
    whole = folder() / "fashion-mnist.npz"
    if not path.exists() and whole.exists():
        return _pairs(whole)
    shapes = "x_train=pictures, y_train=classes, x_test=pictures, y_test=classes"
    what = f"Fashion-MNIST's four files {', '.join(_FASHION)}"
    require(path, what, _saved(whole, f"{shapes}) with bytes of (n, 28, 28") + " It is read too.")
    y_train, x_train, y_test, x_test = (
        _idx(require(path / name, "the file of Fashion-MNIST", "see the folder's own"))
        for name in _FASHION
    )
    return (x_train, y_train), (x_test, y_test)


def _idx(path: Path) -> Any:
    """Return the bytes of a file of the MNIST database as an array."""
    try:
        with gzip.open(path) as stream:
            data = stream.read()
        axes = data[3]
        shape = struct.unpack_from(f">{axes}I", data, 4)
        return np.frombuffer(data, "uint8", offset=4 + 4 * axes).reshape(shape)
    except (OSError, IndexError, struct.error, ValueError) as exc:
        raise InvalidDocument(f"{str(path)!r} is no gzipped idx file of bytes: {exc}") from exc


def _pairs(path: Path) -> Pairs:
    x_train, y_train, x_test, y_test = read_arrays(path, ARRAYS)
    return (x_train, y_train), (x_test, y_test)


def _pictures(name: str, whole: str) -> Path:
    """Return the folder or the archive of a set of CIFAR, or the .npz file in its place."""
    archive = folder() / f"{name}.tar.gz"
    for path in (folder() / name, archive, folder() / whole):
        if path.exists():
            return path
    shapes = "x_train=pictures, y_train=classes, x_test=pictures, y_test=classes"
    return require(
        archive,
        f"the archive {name}.tar.gz, or the folder that it holds,",
        _saved(folder() / whole, shapes)
        + " Pictures are bytes of the shape (n, 32, 32, 3), classes of (n, 1); it is read too.",
    )


def load_cifar10() -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)): pictures of 32 x 32 bytes of three colours."""
    path = _pictures("cifar-10-batches-py", "cifar10.npz")
    found = _pairs(path) if path.suffix == ".npz" else batches_of_pictures.cifar10(path)
    return _ordered(found)


def load_cifar100(label_mode: str = "fine") -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)), with 'fine' classes, or with 'coarse' ones."""
    path = _pictures("cifar-100-python", "cifar100.npz")
    if path.suffix == ".npz":
        return _ordered(_pairs(path))
    return _ordered(batches_of_pictures.cifar100(path, label_mode))


def _ordered(found: Pairs) -> Pairs:
    """Return pictures with their channels where keras.json says."""
    from convdispatch.runtime.selection import image_data_format

    if image_data_format() == "channels_last":
        return found
    (x_train, y_train), (x_test, y_test) = found
    return (x_train.transpose(0, 3, 1, 2), y_train), (x_test.transpose(0, 3, 1, 2), y_test)


def load_imdb(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)): reviews of films as lists of words' numbers.

    Words are numbered by how frequent they are. `num_words` and `skip_top` leave out rare and
    frequent ones, in whose place `oov_char` stands; `maxlen` leaves out long reviews.
    """
    file = folder() / Path(path).name
    lists = "numpy.array([[1, 2], [3]], dtype=object)"
    shapes = f"x_train={lists}, y_train=[0, 1], x_test={lists}, y_test=[0, 1]"
    require(file, "the reviews of IMDB, in Keras's format,", _saved(file, shapes))
    x_train, y_train, x_test, y_test = read_arrays(file, ARRAYS)
    chosen = words.Choice(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    found: Pairs = words.imdb((x_train, y_train), (x_test, y_test), chosen, seed)
    return found


def load_imdb_of_keras1(
    path: str = "imdb_full.pkl",
    nb_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Pairs:
    """Return IMDB's reviews by Keras 1's arguments: see Keras 2's `load_data`."""
    whole = folder() / "imdb_full.pkl"
    if path == whole.name and not whole.exists():
        path = "imdb.npz"
    if path != whole.name:
        return load_imdb(path, nb_words, skip_top, maxlen, seed, start_char, oov_char, index_from)
    with open(whole, "rb") as stream:  # one pickle after the other
        training, tests = (read_pickle(stream, "latin1") for _ in range(2))
    chosen = words.Choice(nb_words, skip_top, maxlen, start_char, oov_char, index_from)
    found: Pairs = words.imdb(training, tests, chosen, seed)
    return found


def load_reuters(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)): reports as lists of words, and their topics.

    Arguments as of `imdb.load_data`; `test_split` is the share of the tests.
    """
    file = folder() / Path(path).name
    shapes = "x=numpy.array([[1, 2], [3]], dtype=object), y=[0, 1]"
    require(file, "the reports of Reuters, in Keras's format,", _saved(file, shapes))
    x, y = read_arrays(file, ("x", "y"))
    chosen = words.Choice(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    found: Pairs = words.reuters(x, y, chosen, seed, test_split)
    return found


def load_reuters_of_keras1(
    path: str = "reuters.npz",
    nb_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Pairs:
    """Return the reports of Reuters by Keras 1's arguments: see Keras 2's `load_data`."""
    file = "reuters.npz" if path == "reuters.pkl" else path
    rest = (start_char, oov_char, index_from)
    return load_reuters(file, nb_words, skip_top, maxlen, test_split, seed, *rest)


def load_boston_housing(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)): 13 numbers a town, and prices."""
    file = folder() / Path(path).name
    shapes = "x=numpy.zeros((10, 13)), y=numpy.zeros(10)"
    require(file, "Boston's houses, in Keras's format,", _saved(file, shapes))
    x, y = read_arrays(file, ("x", "y"))
    order = np.arange(len(x))
    np.random.seed(seed)  # Keras's own generator was NumPy's: what a script draws next follows
    np.random.shuffle(order)
    x, y = x[order], y[order]
    split = int(len(x) * (1 - test_split))
    return (x[:split], y[:split]), (x[split:], y[split:])


def word_index(name: str, path: str) -> dict[str, int]:
    """Return the numbers of words, from the file of that name or of the usual one."""
    file = require(
        folder() / Path(path or f"{name}_word_index.json").name,
        "the numbers of words, in Keras's format,",
        'a text such as {"the": 1, "and": 2}.',
    )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise InvalidDocument(f"the file {str(file)!r} is no JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise InvalidDocument(f"the file {str(file)!r} must hold an object of words.")
    return found


def imdb_words(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return the number of each word of IMDB's reviews."""
    return word_index("imdb", path)


def reuters_words(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return the number of each word of Reuters's reports."""
    return word_index("reuters", path)
