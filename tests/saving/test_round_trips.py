"""A model goes through all formats in turn, and its weights alone through each.

Expected outputs are those that the real Keras recorded. CONVDISPATCH_TEST_LEGACY names a folder
with more files.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import LEGACY

import convdispatch
from convdispatch.errors import InvalidArgument

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")
pytest.importorskip("safetensors", reason="safetensors files need the package")

FOLDER = Path(os.environ.get("CONVDISPATCH_TEST_LEGACY", LEGACY))
FILES = sorted(
    path
    for keras in ("keras1_theano", "keras2_theano", "tfkeras_tensorflow", "keras3")
    for ending in ("h5", "keras")
    for path in (FOLDER / keras).glob(f"*.{ending}")
    if "weights" not in path.name
)
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
# Each file is read from the one before. Keras 1 is at the end: it cannot hold every layer.
CHAIN = [
    *(("keras2", "h5"), ("tf_keras", "keras"), (None, "safetensors"), ("keras3", "keras")),
    *(("tf_keras", "h5"), ("keras3", "h5"), ("keras2", "h5"), ("keras1", "h5")),
    (None, "safetensors"),
]
WEIGHTS = [
    *(("keras1", "h5"), ("keras2", "h5"), ("tf_keras", "h5"), ("tf_keras", "weights.h5")),
    *(("keras3", "weights.h5"), (None, "safetensors"), (None, "npz")),
]


def loaded(path: Path) -> Any:
    """Return the model of a file, with what a file of Keras 1 does not say."""
    said = {}
    if "keras1" in path.parent.name:
        said = {"trained_on": "theano", "dim_ordering": "th" if "_th" in path.stem else "tf"}
    return convdispatch.load_model(path, compile=False, backend="numpy", **said)


def require_recorded(model: Any, path: Path, way: object) -> None:
    """Compare with the outputs that the real Keras gave."""
    with np.load(path.with_name(f"{path.name.split('.')[0]}.npz")) as arrays:
        x, y = (
            [arrays[f"{kind}{place}"] for place in range(2) if f"{kind}{place}" in arrays]
            for kind in "xy"
        )
    found = model.predict(x if len(x) > 1 else x[0])
    for got, want in zip(found if isinstance(found, list) else [found], y, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=3e-6, err_msg=str(way))


def is_written(write: Callable[..., None], file: Path, dialect: str | None) -> bool:
    """Return whether a file is written.

    Only Keras 1 may lack a layer, which is said.
    """
    try:
        write(file, dialect=dialect)
    except InvalidArgument as exc:
        if dialect != "keras1" or "cannot hold the layer" not in str(exc):
            raise
        return False
    return True


@pytest.mark.filterwarnings("ignore:.*Keras 2.2.4 itself cannot")
@EACH
def test_a_model_goes_through_all_formats_in_turn(path: Path, tmp_path: Path) -> None:
    """Nine files, each written from what was read of the one before."""
    model, passed = loaded(path), 0
    for place, (dialect, ending) in enumerate(CHAIN):
        file = tmp_path / f"{place}.{ending}"
        if not is_written(model.save, file, dialect):
            continue
        said = {"trained_on": _convention(model), "dim_ordering": _ordering(path)}
        said = said if dialect == "keras1" else {}
        model, passed = convdispatch.load_model(file, backend="numpy", **said), passed + 1
        require_recorded(model, path, (dialect, ending))
    assert passed >= len(CHAIN) - 1


@EACH
@pytest.mark.filterwarnings("ignore:.*was trained under the convention 'tensorflow'")
def test_weights_alone_go_through_each_format(path: Path, tmp_path: Path) -> None:
    """Into a model of the same architecture whose weights are all zero."""
    model = loaded(path)
    passed = 0
    for place, (dialect, ending) in enumerate(WEIGHTS):
        file = tmp_path / f"{place}.{ending}"
        if not is_written(model.save_weights, file, dialect):
            continue
        other = model.to("numpy")
        other.set_weights([np.zeros_like(array) for array in other.get_weights()])
        said = {"trained_on": _convention(model)} if dialect == "keras1" else {}
        other.load_weights(file, **said)
        require_recorded(other, path, (dialect, ending))
        passed += 1
    assert passed >= len(WEIGHTS) - 1


def _convention(model: Any) -> str:
    (found,) = {layer.convention for layer in model.layers if not layer.is_input}
    return str(found)


def _ordering(path: Path) -> str:
    return "th" if path.stem.split(".")[0].endswith(("_th", "_cf")) else "tf"
