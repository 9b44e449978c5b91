"""Hostile files, of 80 kinds: each is refused with one clear error, before memory is taken."""

from __future__ import annotations

import os
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdispatch.errors import ConvDispatchError, InvalidDocument
from convdispatch.layers import Dense
from convdispatch.models import Sequential, load_model
from convdispatch.saving.hdf5_format import apart
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.recognising import read_checkpoint

pytest.importorskip("h5py", reason="the hostile files are made by h5py")
hostile = pytest.importorskip("hostile_files")

MOST_MEMORY = 2**25 + 2**23  # the limit of texts, and a little
# In the other process each takes a second; the measure is all of them.
APART = (
    [name for name in sorted(hostile.HDF5) if not name.endswith("-in-h5")]  # documents
    if os.environ.get("CONVDISPATCH_TEST_APART") == "all"
    else ["text-of-4-gigabytes", "external-link", "type-variable-length", "groups-3000-deep"]
)


@pytest.fixture(autouse=True)
def canary() -> Iterator[None]:
    """Fail if a file's code has run."""
    yield
    assert not os.path.exists(hostile.CANARY)


def load(path: Path, *, untrusted: bool = False) -> None:
    """Load whatever the file seems to be, with every array."""
    limits = FileLimits(untrusted=untrusted)
    if path.suffix == ".npz":
        Sequential([Dense(2, input_shape=(3,))], backend="numpy").load_weights(path)
    elif path.suffix in (".safetensors", ".pt"):
        checkpoint = read_checkpoint(path, limits=limits)
        for array in (array for layer in checkpoint.layers for array in layer.arrays):
            array.read()
    else:
        load_model(path, backend="numpy", limits=limits)


@pytest.mark.parametrize("suffix", [".h5", ".keras", ".safetensors"])
def test_the_files_are_loaded_without_what_is_hostile(tmp_path: Path, suffix: str) -> None:
    """Otherwise anything could be the reason of a refusal."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(hostile.HARMLESS[suffix]())
    load(path)


@pytest.mark.parametrize("name", hostile.HOSTILE)
def test_each_is_refused(tmp_path: Path, name: str) -> None:
    """By an error of ours that names the file's fault, and without a peak of memory."""
    case = hostile.HOSTILE[name]
    path = tmp_path / f"{name}{case.suffix}"
    case.write(path)
    tracemalloc.start()
    try:
        with pytest.raises((ConvDispatchError, OSError)) as found:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(found.value)
    assert re.search(case.words, message)
    assert path.name in message
    assert len(message) < 3000
    assert "\n" not in message
    assert isinstance(found.value, InvalidDocument) or "ordinary file" in message
    assert peak < MOST_MEMORY


@pytest.mark.parametrize("name", APART)
def test_the_library_apart_refuses_them_too(tmp_path: Path, name: str) -> None:
    """Its crash, its hang or its hunger for memory is one error here, as its refusal is."""
    path = tmp_path / f"{name}.h5"
    path.write_bytes(hostile.HDF5[name][0]())
    with pytest.raises(InvalidDocument, match=f"{name}.h5"):
        load_model(path, backend="numpy", untrusted=True)


FAULTS = {
    "crash": ("import os; os.abort()", "HDF5's library crashed.*signal 6"),
    "hunger": ("bytes(2**40)", "HDF5's library"),
    "silence": ("import sys; sys.exit(0)", "ended before it had read"),
    "wait": ("import time; time.sleep(60)", "did not read its structure within 1 seconds"),
    "flood": ("import sys\nwhile True: sys.stdout.write('x' * 2**20)", "HDF5's library"),
    "lies": ('print(\'{"tree": "[{}, {}, {\\\\"a\\\\": [[-1], 0]}]"}\')', "invalid answer"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_becomes_of_the_other_process_is_one_error(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the library were taken over by the file, and answered what it likes."""
    code, words = FAULTS[fault]
    package = tmp_path / "taken_over"
    package.mkdir()
    (package / "__init__.py").write_text("")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**22, 2**22))\n"
    (package / "over.py").write_text(limit + code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(apart, "_PROGRAM", "taken_over.over")
    monkeypatch.setattr(apart, "WAITING", 1 if fault == "wait" else 60)
    path = tmp_path / "a.h5"
    path.write_bytes(hostile.HARMLESS[".h5"]())
    with pytest.raises(InvalidDocument, match=words):
        load_model(path, backend="numpy", untrusted=True)


def test_a_hang_of_the_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the limit of processor time, and in words of its own."""
    monkeypatch.setattr(apart, "SECONDS", 2)
    path = tmp_path / "a.h5"
    path.write_bytes(hostile.HDF5["heap-without-end"][0]())
    with pytest.raises(InvalidDocument, match="did not read its structure within 2 seconds"):
        load_model(path, backend="numpy", untrusted=True)
