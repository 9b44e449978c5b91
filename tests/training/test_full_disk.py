"""A full disk while a checkpoint is written: the file is as before, and training can go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_disks import on_small_disk

HELPERS = Path(__file__).parents[1] / "helpers"
# How often the disk is full, each time after more bytes. The measure is 50.
ROUNDS = int(os.environ.get("FULL_DISKS", "12"))

BEGIN = """
import errno, os, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import numpy as np
from small_trainings import CODES, X, classifier
from convdispatch.callbacks import CSVLogger, ModelCheckpoint

path, rounds = Path(sys.argv[2]), int(sys.argv[3])
model = classifier(backend="numpy")


def train(*callbacks):
    model.fit(X, CODES, verbose=0, callbacks=callbacks or [ModelCheckpoint(path)])


def same(one, other):
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def loaded():
    found = classifier(backend="numpy")
    found.load_weights(path)
    return found.get_weights()


def refused(errors):
    '''Train on a full disk.'''
    before, weights = path.read_bytes(), model.get_weights()
    try:
        train()
    except OSError as exc:
        assert exc.errno in errors, exc
        assert exc.filename == str(path) and str(path) in str(exc), exc
    else:
        raise SystemExit("the disk was not full")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir() if one.name != "filler"] == [path.name]
    assert not same(model.get_weights(), weights)  # the epoch was trained, and counts
    loaded()


train()
assert same(loaded(), model.get_weights())
size = path.stat().st_size
"""

LIMITED = """
import resource

_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
for number in range(rounds):
    # From the first byte to the last but one; Python ignores the signal, so writing fails.
    resource.setrlimit(resource.RLIMIT_FSIZE, (number * (size - 1) // max(rounds - 1, 1), most))
    refused([errno.EFBIG])
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
train()
assert same(loaded(), model.get_weights())

log = path.with_name("log.csv")
resource.setrlimit(resource.RLIMIT_FSIZE, (20, most))
try:
    train(CSVLogger(log))
except OSError as exc:
    assert exc.filename == str(log), exc
    assert log.read_text() == ""  # no half of a row
else:
    raise SystemExit("the log was written")
"""

FILLED = """
with open(path.with_name("filler"), "wb", buffering=0) as filler:
    free = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize
    filler.write(b"." * free)
    refused([errno.ENOSPC])
path.with_name("filler").unlink()
train()
assert same(loaded(), model.get_weights())
"""


@pytest.fixture(autouse=True)
def differentiable() -> None:
    """Skip where NumPy has no gradients, or where there are no such limits."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    pytest.importorskip("resource", reason="only POSIX limits the size of files")


def answer(code: str, path: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """Run the code in a process of its own."""
    command = [*before, sys.executable, "-c", code, str(HELPERS), str(path), str(ROUNDS)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", ["w.npz", "w.h5", "w.keras", "w.weights.h5", "w.safetensors"])
def test_a_file_that_cannot_grow_is_as_before(name: str, tmp_path: Path) -> None:
    """Wherever the writing stops: the error names the file, and no other file is left."""
    if "h5" in name or "keras" in name:
        pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    (tmp_path / "alone").mkdir()
    done = answer(BEGIN + LIMITED, tmp_path / "alone" / name)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(("name", "size"), [("w.npz", "64k"), ("w.h5", "96k"), ("w.keras", "96k")])
def test_a_full_disk_leaves_the_checkpoint(name: str, size: str, tmp_path: Path) -> None:
    """On a file system of a few kibibytes, where one can be mounted."""
    if not name.endswith("npz"):
        pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = answer(BEGIN + FILLED, folder / name, *on_small_disk(folder, size))
    assert (done.stderr, done.returncode) == ("", 0)
