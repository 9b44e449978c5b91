"""`convdispatch compare --nproc`: the outputs that processes gather are within the bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from group_runs import IS_FULL

from conftest import BACKEND_NAMES
from convdispatch.cli import main

Capture = pytest.CaptureFixture[str]
# Weights and numbers are left to chance, so they differ between the processes: rank 0 decides.
STACK = """
import numpy as np
from convdispatch import Sequential, layers
def build():
    model = Sequential([layers.Conv2D(3, 3, activation="relu"), layers.BatchNormalization()])
    print("built")
    return model, np.random.default_rng().normal(size=(5, 6, 6, 2))
"""
LAYER = """
import numpy as np
from convdispatch import layers
def build():
    return layers.Concatenate(), [np.ones((4, 2)), np.zeros((4, 3))]
"""
FAILING = "def build():\n    raise ValueError('no such model')\n"
FILES = [pytest.param(STACK, id="stack"), pytest.param(LAYER, id="layer")]
ENGINES = [
    name
    for name in ("torch", "jax", "tensorflow")
    if name in BACKEND_NAMES and (IS_FULL or name == "torch")
]


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return a file with this code."""
    path = tmp_path / "compared.py"
    path.write_text(request.param)
    return path


@pytest.mark.parametrize("file", FILES if IS_FULL else FILES[:1], indirect=True)
@pytest.mark.parametrize("name", ENGINES)
def test_what_processes_gather_is_within_the_bound(file: Path, name: str, capfd: Capture) -> None:
    """Of a stack and of a layer of two inputs; what the file prints is no part of the output."""
    assert main(["compare", str(file), "--json", "--backends", name, "--nproc", "2"]) == 0
    (found,) = json.loads(capfd.readouterr().out)["backends"]
    assert (found["backend"], found["status"]) == (name, "ok")
    assert found["error_in_bounds"] <= 1
    assert found["seconds"] > 0


@pytest.mark.skipif("torch" not in BACKEND_NAMES, reason="the engine is torch's")
@pytest.mark.parametrize("file", [FAILING], indirect=True, ids=["failing"])
def test_a_file_that_fails_is_told_once(file: Path, capfd: Capture) -> None:
    """With the place in the file, whichever process it fails on."""
    assert main(["compare", str(file), "--backends", "torch", "--nproc", "2"]) == 2
    said = capfd.readouterr().err
    assert said.count("compared.py:2: build() raised ValueError: no such model") == 1


@pytest.mark.parametrize("file", [STACK], indirect=True, ids=["stack"])
def test_a_backend_without_an_engine_is_told(file: Path, capfd: Capture) -> None:
    """Before any process starts."""
    assert main(["compare", str(file), "--backends", "numpy", "--nproc", "2"]) == 2
    assert "the backend 'numpy' has no engine for several processes" in capfd.readouterr().err
