"""Whole models from the files of every Keras, with the numbers that they had there."""

from __future__ import annotations

import numpy as np
import pytest
from places import LEGACY

import convdispatch

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")

KERASES = ("keras2_theano", "tfkeras_tensorflow")


@pytest.mark.parametrize("keras", KERASES)
def test_a_whole_model_predicts_as_it_did(keras: str, backend_name: str) -> None:
    """The architecture, the weights and the convention of the backend are in the file."""
    arrays = np.load(LEGACY / keras / "trained.npz")
    model = convdispatch.load_model(LEGACY / keras / "trained.h5", backend=backend_name)
    np.testing.assert_allclose(model.predict(arrays["x0"]), arrays["y0"], rtol=1e-5, atol=1e-6)
