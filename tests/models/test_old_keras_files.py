"""Other models of real Keras 1.2.2 and 2.2.4 on Theano: nested, recurrent, branched, trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from legacy_models import listed, one_or_all
from places import LEGACY

import convdispatch

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

FILES = sorted((LEGACY / "old_more").glob("*.h5"))
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
TRAINED = [path for path in FILES if path.stem.partition("_")[2].startswith("opt_")]


def loaded(path: Path, backend: str) -> tuple[Any, Any]:
    """Return the model of a file, and its arrays."""
    arrays = np.load(path.with_suffix(".npz"))
    said: dict[str, Any] = {}
    if path.stem.startswith("k1"):
        said = {"trained_on": "theano", "dim_ordering": str(arrays["ord"])}
    return convdispatch.load_model(path, backend=backend, **said), arrays


def of_stem(arrays: Any, stem: str) -> list[Any]:
    """Return the arrays of a stem, in order."""
    plain = [name for name in sorted(arrays.files) if name.removeprefix(stem).isdigit()]
    return [arrays[name] for name in plain if name.startswith(stem)]


def test_there_are_files_of_both() -> None:
    """The tests below have something to loop over."""
    assert {path.stem[:2] for path in FILES} == {"k1", "k2"}
    assert len(FILES) >= 30
    assert len(TRAINED) >= 8


@EACH
def test_a_model_predicts_as_it_did(path: Path, backend_name: str) -> None:
    """And its weights are in Keras's order: of nested models what is trained first."""
    model, arrays = loaded(path, backend_name)
    outputs = listed(model.predict(one_or_all(of_stem(arrays, "x"))))
    for got, want in zip(outputs, of_stem(arrays, "y"), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6 * np.abs(want).max())
    for got, want in zip(model.get_weights(), of_stem(arrays, "w"), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("path", TRAINED, ids=lambda path: path.stem)
def test_a_compiled_model_trains_on(path: Path, differentiable: Any) -> None:
    """Keras 1 kept an optimizer's arrays by the names of weights, those in wrappers too."""
    model, arrays = loaded(path, differentiable.name)
    targets = one_or_all(of_stem(arrays, "t"))
    found = model.train_on_batch(one_or_all(of_stem(arrays, "x")), targets)
    np.testing.assert_allclose(np.atleast_1d(found), arrays["loss"], rtol=2e-6)
    for got, want in zip(model.get_weights(), of_stem(arrays, "resume_w"), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
