"""A model's file is whole or as before: after a full disk, and after the writer was killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from small_disks import on_small_disk

from convdispatch import layers
from convdispatch.models import Sequential

pytest.importorskip("h5py", reason="files of HDF5 are written by h5py")
pytest.importorskip("safetensors", reason="safetensors files are written by safetensors")
pytest.importorskip("resource", reason="only POSIX limits the size of files")

CONVERTIBLE = ["new.h5", "new.keras", "new.safetensors"]
NAMES = ["m.h5", "m.weights.h5", "m.keras", "m.safetensors", "m.npz"]
# How often the disk is full, each time after more bytes, and how often a writer is killed.
FULL = int(os.environ.get("FULL_DISKS", "6"))
KILLS = int(os.environ.get("KILLS", "2"))

BEGIN = """
import sys
from pathlib import Path
import numpy as np
from convdispatch import layers
from convdispatch.models import Sequential

path = Path(sys.argv[1])
first = layers.Dense(64, input_shape=(64,), name="a")
model = Sequential([first, layers.Dense(64, name="b")], backend="numpy")


def save(number):
    model.set_weights([np.full_like(one, number) for one in model.get_weights()])
    whole = path.suffix != ".npz" and ".weights" not in path.name
    (model.save if whole else model.save_weights)(path)
"""

LIMITED = """
import resource

rounds, most = int(sys.argv[2]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]
save(0)
before = path.read_bytes()
for number in range(rounds):
    resource.setrlimit(resource.RLIMIT_FSIZE, (number * (len(before) - 1) // (rounds - 1), most))
    try:
        save(number + 1)
    except OSError as exc:
        assert str(path) in str(exc), exc
    else:
        raise SystemExit(f"written on a full disk, in round {number}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]
save(1)
assert path.read_bytes() != before
"""

# On a file system that has room for one file and not for the draft of another, nor for a part.
FILLED = """
import errno, os

OUT = (path.name, "filler")


def fill(spare):
    path.with_name("filler").write_bytes(b"")
    with open(path.with_name("filler"), "wb", buffering=0) as filler:
        filler.truncate(0)
        at = os.statvfs(path)
        filler.write(b"." * max(at.f_bavail * at.f_frsize - spare, 0))


def refused(number, write, *errors):
    before = path.read_bytes()
    try:
        write()
    except OSError as exc:
        assert (exc.errno, exc.filename) == (errno.ENOSPC, str(path)), exc
        assert str(path) in str(exc), exc
    else:
        raise SystemExit(f"written on a full disk, with {number} bytes of room")
    assert path.read_bytes() == before
    assert sorted(one.name for one in path.parent.iterdir()) == sorted(OUT)


save(0)
size = path.stat().st_size
for room in range(0, size - 4096, max(size // 4, 4096)):
    fill(room)
    refused(room, lambda: save(1))
os.unlink(path.with_name("filler"))
save(1)
"""

CONVERTED = """
import errno, os
from convdispatch.cli import main

old = path.with_name("old.h5")
model.save(old, dialect="keras2")
assert main(["convert", str(old), str(path)]) == 0
before = path.read_bytes()
filler = path.with_name("filler")
with open(filler, "wb", buffering=0) as stream:
    at = os.statvfs(path)
    stream.write(b"." * max(at.f_bavail * at.f_frsize - len(before) // 2, 0))
names = sorted(one.name for one in path.parent.iterdir())
status = main(["convert", str(old), str(path), "--force"])
assert status == 2, status
assert path.read_bytes() == before
assert sorted(one.name for one in path.parent.iterdir()) == names
filler.unlink()
assert main(["convert", str(old), str(path), "--force"]) == 0
"""

ENDLESS = """
save(0)
print("begun", flush=True)
number = 0
while True:
    number += 1
    save(number)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> tuple[list[str], Path]:
    """Return what comes before a command that has a file system of 256 KiB, and where that is."""
    folder = tmp_path / "disk"
    folder.mkdir()
    return on_small_disk(folder, "256k"), folder


def run(
    code: str, path: Path, *more: str, before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the code in a process of its own."""
    command = [*before, sys.executable, "-c", BEGIN + code, str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    """Wherever the writing stops: the error names the file, and no other file is left."""
    (tmp_path / "alone").mkdir()
    done = run(LIMITED, tmp_path / "alone" / name, str(FULL))
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("name", "code"),
    [*((name, FILLED) for name in NAMES), *((name, CONVERTED) for name in CONVERTIBLE)],
    ids=[*NAMES, *(f"convert {name}" for name in CONVERTIBLE)],
)
def test_a_full_file_system_leaves_the_old_file(
    small_disk: tuple[list[str], Path], name: str, code: str
) -> None:
    """One error, which names the file; no other file is left, and later it is written."""
    before, folder = small_disk
    done = run(code, folder / name, before=before)
    said = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(said) == (code == CONVERTED), done.stderr
    assert all(name in line and "No space left" in line for line in said)


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path, name: str) -> None:
    """Of one number: the old one or a new one, never of both, nor a part."""
    path, chance = tmp_path / name, random.Random(0)
    model = Sequential(
        [layers.Dense(64, input_shape=(64,), name="a"), layers.Dense(64, name="b")], backend="numpy"
    )
    for _ in range(KILLS):
        command = [sys.executable, "-c", BEGIN + ENDLESS, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
            time.sleep(chance.random() / 10)
            writer.kill()
        model.load_weights(path)
        assert len({float(number) for one in model.get_weights() for number in np.unique(one)}) == 1
