"""How much memory models' files take: NumPy's arrays are counted, one of which is the whole model.

`tests/helpers/file_speed.py` measures whole processes.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convdispatch import layers
from convdispatch.cli import main
from convdispatch.models import Sequential, load_model

pytest.importorskip("h5py", reason="files of HDF5 are written by h5py")
pytest.importorskip("safetensors", reason="safetensors files are written by safetensors")

SIZE = 2000
ARRAYS = 4 * SIZE * SIZE  # bytes of the one kernel, beside which all else is small
FORMATS = [
    ("m.h5", "keras1"),
    ("m.h5", "keras2"),
    ("m.h5", "tf_keras"),
    ("m.h5", "keras3"),
    ("m.keras", "keras3"),
    ("m.safetensors", "keras3"),
]


def of_arrays(run: Callable[[], object]) -> float:
    """Return the most memory that the call took, in units of the model's arrays."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / ARRAYS
    finally:
        tracemalloc.stop()


def a_model() -> Sequential:
    """Return a model of one large kernel."""
    made = Sequential([layers.Dense(SIZE, use_bias=False, input_shape=(SIZE,))], backend="numpy")
    made.set_weights([np.random.default_rng(0).standard_normal((SIZE, SIZE), "f4")])
    return made


@pytest.mark.parametrize(("name", "dialect"), FORMATS)
def test_a_loaded_model_takes_the_memory_of_its_arrays(
    tmp_path: Path, name: str, dialect: str
) -> None:
    """The numbers are read into the memory that the variables keep."""
    path = tmp_path / name
    a_model().save(path, dialect=dialect)
    load_model(path, backend="numpy", **({"trained_on": "tensorflow"} if "1" in dialect else {}))
    assert of_arrays(lambda: load_model(path, backend="numpy", trained_on="tensorflow")) < 1.2


@pytest.mark.parametrize(("name", "dialect"), FORMATS)
def test_a_model_is_saved_with_the_memory_of_one_copy(
    tmp_path: Path, name: str, dialect: str
) -> None:
    """Of its weights at one moment, which the new layers keep where it is translated."""
    path, model = tmp_path / name, a_model()
    model.save(path, dialect=dialect)
    assert of_arrays(lambda: model.save(path, dialect=dialect)) < 1.2


def test_an_archive_of_numpy_s_takes_one_copy_too(tmp_path: Path) -> None:
    """It is written array by array."""
    path, model = tmp_path / "w.npz", a_model()
    model.save_weights(path)
    assert of_arrays(lambda: model.save_weights(path)) < 1.2


@pytest.mark.parametrize("out", ["b.keras", "b.safetensors", "b.h5"])
def test_a_conversion_takes_the_memory_of_two_models(tmp_path: Path, out: str) -> None:
    """The old one and, while it is written or compared with, the new one."""
    old = tmp_path / "a.h5"
    a_model().save(old, dialect="keras2")
    command = ["convert", str(old), str(tmp_path / out), "--force"]
    main(command)
    assert of_arrays(lambda: main(command)) < 2.2


def test_models_of_one_file_share_nothing(tmp_path: Path) -> None:
    """Neither with each other nor with arrays that a user has."""
    path, model = tmp_path / "m.h5", a_model()
    model.save(path)
    one, other = load_model(path, backend="numpy"), load_model(path, backend="numpy")
    before, given = other.get_weights()[0].copy(), np.ones((SIZE, SIZE), "f4")
    one.set_weights([given])
    one.get_weights()[0][:] = 7
    given[:] = 5
    np.testing.assert_array_equal(one.get_weights()[0], np.ones((SIZE, SIZE), "f4"))
    np.testing.assert_array_equal(other.get_weights()[0], before)
