"""A model's file is whole or as before: after a full disk, and after the writer was killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convdispatch import layers
from convdispatch.models import Sequential

pytest.importorskip("h5py", reason="files of HDF5 are written by h5py")
pytest.importorskip("safetensors", reason="safetensors files are written by safetensors")
pytest.importorskip("resource", reason="only POSIX limits the size of files")

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

ENDLESS = """
save(0)
print("begun", flush=True)
number = 0
while True:
    number += 1
    save(number)
"""


def run(code: str, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the code in a process of its own."""
    command = [sys.executable, "-c", BEGIN + code, str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    """Wherever the writing stops: the error names the file, and no other file is left."""
    (tmp_path / "alone").mkdir()
    done = run(LIMITED, tmp_path / "alone" / name, str(FULL))
    assert (done.stderr, done.returncode) == ("", 0)


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
