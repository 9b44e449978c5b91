"""Compiled models of tf_keras and Keras 3 train on after loading as those Kerases do.

The files, losses and weights are theirs: see tests/legacy/record_training_on.py.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch.errors import UnsupportedOp

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FOLDER = LEGACY / "training_on"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".h5", ".keras"))
# What each backend is asked for; NumPy is asked for all.
EVERYWHERE = ("nadam.h5", "frozen_base.h5", "certain.h5", "certain_of_bits.h5", "normalized.h5")


def goes_on_as_recorded(model: Any, path: Path, rtol: float) -> None:
    """Assert the losses of four steps, the loss after them, and the weights."""
    with np.load(path.with_suffix(".npz")) as found:
        recorded = dict(found)
    x, t = recorded["x"], recorded["t"]
    losses = [float(np.ravel(model.train_on_batch(x, t))[0]) for _ in range(4)]
    np.testing.assert_allclose(losses, recorded["losses"], rtol=rtol)
    after = float(np.ravel(model.test_on_batch(x, t))[0])
    np.testing.assert_allclose(after, recorded["after"], rtol=rtol)
    weights = [recorded[name] for name in sorted(recorded) if name.startswith("w")]
    for got, want in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)


# Of those, tf_keras rounds the rates of moments and of schedules to float32, also in float64.
ROUNDED = (
    *("adamax", "amsgrad", "frozen_base", "nadam", "nadam_in_zip", "old_adagrad"),
    "normalized",  # recorded in float32, as what Keras 3 recorded
)


def tolerance(path: Path) -> float:
    """Return how far numbers may be apart: most of what tf_keras recorded is in float64."""
    return 2e-5 if path.stem in ROUNDED or path.suffix == ".keras" else 1e-9


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_model_trains_on_as_in_its_keras(path: Path) -> None:
    """From the optimizer's state, by the losses and for the frozen layers of that Keras."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    goes_on_as_recorded(convdispatch.load_model(path, backend="numpy"), path, tolerance(path))


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_backend_trains_on_so(name: str, differentiable: Any) -> None:
    """The frontend decides."""
    path = FOLDER / name
    try:
        model = convdispatch.load_model(path, backend=differentiable.name)
    except UnsupportedOp as exc:
        pytest.skip(f"what was recorded is in float64: {exc}")
    goes_on_as_recorded(model, path, 2e-5)


AGAIN: dict[str, Callable[[Any, Path], Any]] = {
    "copied": lambda model, folder: copy.deepcopy(model),
    "pickled": lambda model, folder: pickle.loads(pickle.dumps(model)),
    "saved": lambda model, folder: saved(model, folder / "again.h5"),
    "saved as .keras": lambda model, folder: saved(model, folder / "again.keras"),
}


def saved(model: Any, path: Path) -> Any:
    """Return the model of the file that this one is saved to."""
    model.save(path)
    return convdispatch.load_model(path, backend="numpy")


@pytest.mark.parametrize("how", AGAIN)
@pytest.mark.parametrize(
    "name", ["nadam.h5", "frozen_base.h5", "old_nadam.h5", "old_momentum.h5", "no_bits.h5"]
)
def test_another_like_it_trains_on_so(name: str, how: str, tmp_path: Path) -> None:
    """The rules of its Keras stay with a model."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    path = FOLDER / name
    model = AGAIN[how](convdispatch.load_model(path, backend="numpy"), tmp_path)
    goes_on_as_recorded(model, path, tolerance(path))
