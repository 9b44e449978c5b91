"""ModelCheckpoint saves whole models, or the weights alone, as the name and the argument say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import CODES, DOORS, X, classifier

import convdispatch
from convdispatch import callbacks
from convdispatch.errors import InvalidDocument

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def epochs(model: Any, count: int) -> dict[str, int]:
    """Return the argument of `fit` for so many epochs."""
    return {"nb_epoch" if model.dialect.name == "keras1" else "epochs": count}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["{epoch:02d}.h5", "{epoch:02d}.keras"])
def test_a_whole_model_trains_on_from_its_checkpoint(door: str, name: str, tmp_path: Path) -> None:
    """After the first of two epochs, in every façade: the second gives the same losses."""
    model = classifier(door, backend="numpy")
    saving = callbacks.ModelCheckpoint(tmp_path / name)
    model.fit(X, CODES, verbose=0, shuffle=False, callbacks=[saving], **epochs(model, 2))
    first = next(path for path in sorted(tmp_path.iterdir()) if path.suffix in (".h5", ".keras"))
    again = convdispatch.load_model(first, backend="numpy", trained_on="tensorflow")
    again.fit(X, CODES, verbose=0, shuffle=False, batch_size=32, **epochs(again, 1))
    last = model.history.history["loss"][-1]
    assert again.history.history["loss"] == pytest.approx([last], rel=1e-5)
    for got, want in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["w.h5", "w.weights.h5"])
def test_the_weights_alone_are_saved_where_that_is_asked_for(name: str, tmp_path: Path) -> None:
    """They fit the same layers, and no model can be made of them."""
    model = classifier("keras3", backend="numpy")
    saving = callbacks.ModelCheckpoint(tmp_path / name, save_weights_only=True)
    model.fit(X, CODES, verbose=0, callbacks=[saving])
    with pytest.raises(InvalidDocument, match="no architecture"):
        convdispatch.load_model(tmp_path / name)
    other = classifier("keras3", backend="numpy")
    other.load_weights(tmp_path / name)
    for got, want in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
