"""CIFAR's batches: pickles in a folder, or in the archive of that folder."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_choice
from convdispatch.errors import InvalidDocument
from convdispatch.utilities.pickled import read_pickle

_TRAINING = tuple(f"data_batch_{number}" for number in range(1, 6))


def cifar10(path: Path) -> Any:
    """Return ((x_train, y_train), (x_test, y_test)) of CIFAR-10's folder or archive."""
    parts = [_read(path, name, b"labels") for name in _TRAINING]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return (x, y), _read(path, "test_batch", b"labels")


def cifar100(path: Path, label_mode: str) -> Any:
    """Return ((x_train, y_train), (x_test, y_test)) of CIFAR-100's folder or archive."""
    key = as_choice(label_mode, ("fine", "coarse"), "label_mode").encode() + b"_labels"
    return _read(path, "train", key), _read(path, "test", key)


def _read(path: Path, name: str, labels: bytes) -> tuple[Any, Any]:
    """Return the pictures of one batch, with their channels last, and their classes."""
    try:
        found = read_pickle(io.BytesIO(_bytes(path, name)), "bytes")
        pictures = np.asarray(found[b"data"]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return pictures, np.asarray(found[labels], "uint8").reshape(-1, 1)
    except (OSError, KeyError, TypeError, ValueError, tarfile.TarError) as exc:
        raise InvalidDocument(f"{str(path)!r} has no batch {name!r} of CIFAR: {exc}") from exc


def _bytes(path: Path, name: str) -> bytes:
    if path.is_dir():
        return (path / name).read_bytes()
    with tarfile.open(path) as archive:
        found = archive.extractfile(f"{path.name.partition('.')[0]}/{name}")
        if found is None:
            raise KeyError(name)
        return found.read()
