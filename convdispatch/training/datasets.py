"""Data sets from the files that every Keras keeps in `~/.keras/datasets`; nothing is downloaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import InvalidDocument
from convdispatch.runtime.config import keras_folder

Pairs: TypeAlias = "tuple[tuple[Any, Any], tuple[Any, Any]]"

_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def load_mnist(path: str = "mnist.npz") -> Pairs:
    """Return ((x_train, y_train), (x_test, y_test)): digits of 28 x 28 bytes, and their numbers.

    They are read from `~/.keras/datasets` (or `$KERAS_HOME/datasets`). Raises `FileNotFoundError`
    where the file is missing: nothing is downloaded.
    """
    file = keras_folder(os.environ) / "datasets" / Path(path).name
    if not file.is_file():
        raise FileNotFoundError(
            f"no file {str(file)!r}. Put the digits of MNIST there, in Keras's format: an .npz "
            f"file with {', '.join(_ARRAYS)}. convdispatch downloads nothing. A small stand-in "
            f"to try a script with: `numpy.savez({str(file)!r}, x_train=pictures, "
            "y_train=numbers, x_test=pictures, y_test=numbers)` with bytes of the shapes (n, 28, "
            "28) and (n,)."
        )
    try:
        with np.load(file, allow_pickle=False) as found:
            x_train, y_train, x_test, y_test = (found[name] for name in _ARRAYS)
    except (ValueError, KeyError, OSError) as exc:
        raise InvalidDocument(
            f"the file {str(file)!r} must hold the arrays {', '.join(_ARRAYS)}: {exc}"
        ) from exc
    return (x_train, y_train), (x_test, y_test)
