"""Keras 2's 'bilinear' UpSampling2D: the grid of Theano and TensorFlow 1, and TensorFlow 2's."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras2, layers, load_model
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.models import Sequential
from convdispatch.ops import Backend

X = np.random.default_rng(0).standard_normal((2, 3, 4, 2)).astype("float32")


def upsampling(backend: str, size: tuple[int, int], **options: Any) -> Any:
    """Return Keras 2's layer, on the grid that begins in the centre of the first cell."""
    own = {"interpolation": "bilinear", "backend": backend, "coordinates": "asymmetric"}
    wishes = {**own, **options}
    return keras2.layers.UpSampling2D(size, **wishes)


def by_theano(row: list[float]) -> list[float]:
    """Return the doubled row as Theano's `bilinear_upsampling` defines it.

    The row with its ends repeated is spread with a stride of 2 and the kernel [1/2, 1, 1/2], and
    three cells are cropped at either end.
    """
    spread = np.zeros(2 * (len(row) + 2) + 1)
    for place, cell in enumerate([row[0], *row, row[-1]]):
        spread[2 * place : 2 * place + 3] += np.multiply([0.5, 1, 0.5], cell)
    return list(spread[3 : 3 + 2 * len(row)])


def test_two_cells_become_four(backend_name: str) -> None:
    """Numbers by hand; cells beyond the last one are the last one."""
    layer = upsampling(backend_name, (1, 2))
    for row, expected in (([0.0, 1], [0, 0.5, 1, 1]), ([4.0, 0, 2], [4, 2, 0, 1, 2, 2])):
        found = convdispatch.to_numpy(layer(np.array(row, "float32").reshape(1, 1, -1, 1)))
        assert found.ravel().tolist() == expected == by_theano(row)


@pytest.mark.parametrize("size", [(2, 2), (3, 2), (1, 5)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_it_is_what_tensorflow_1_computed(
    backend_name: str, size: tuple[int, int], data_format: Any
) -> None:
    """Its `resize_bilinear` without aligned corners, which Keras 2.2.4 called."""
    tf = pytest.importorskip("tensorflow", reason="its own old function is what is compared")
    if backend_name != "tensorflow":
        pytest.skip("TensorFlow is asked once; `test_all_backends_agree` compares the others")
    target = (X.shape[1] * size[0], X.shape[2] * size[1])
    expected = tf.compat.v1.image.resize_bilinear(X, target, align_corners=False).numpy()
    is_first = data_format == "channels_first"
    layer = upsampling("numpy", size, data_format=data_format)
    found = convdispatch.to_numpy(layer(np.moveaxis(X, -1, 1) if is_first else X))
    np.testing.assert_allclose(
        np.moveaxis(found, 1, -1) if is_first else found, expected, 1e-5, 1e-6
    )


def test_all_backends_agree(backend: Backend, backend_name: str) -> None:
    """With the definition: cell i of n samples i * m / n, in a model and by its gradients."""
    model = Sequential([upsampling(backend_name, (2, 3), input_shape=(3, 4, 2))])
    rows, cols = np.arange(6) / 2, np.arange(12) / 3
    low, high = rows.astype(int), np.minimum(rows.astype(int) + 1, 2)
    left, right = cols.astype(int), np.minimum(cols.astype(int) + 1, 3)
    down, over = (rows - low)[:, None, None], (cols - left)[:, None]
    tall = X[:, low] * (1 - down) + X[:, high] * down
    expected = tall[:, :, left] * (1 - over) + tall[:, :, right] * over
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("convention", "expected"), [("theano", [0, 0.5, 1, 1]), ("tensorflow", [0, 0.25, 0.75, 1])]
)
def test_the_convention_says_the_grid(convention: str, expected: list[float]) -> None:
    """Where the layer does not; it is in the configuration."""
    layer = upsampling("numpy", (1, 2), coordinates=None, convention=convention)
    row = np.array([0.0, 1]).reshape(1, 1, 2, 1)
    assert layer(row).ravel().tolist() == expected
    assert type(layer).from_config(layer.get_config())(row).ravel().tolist() == expected


def test_the_grid_is_an_argument() -> None:
    """It is in the configuration where it counts."""
    plain, other = (
        upsampling("numpy", (2, 2)),
        upsampling("numpy", (2, 2), coordinates="half_pixel"),
    )
    assert "coordinates" not in upsampling("numpy", (2, 2), interpolation="nearest").get_config()
    again = type(other).from_config(other.get_config())
    later = layers.UpSampling2D(2, interpolation="bilinear", backend="numpy")
    np.testing.assert_array_equal(again(X), later(X))
    assert not np.array_equal(plain(X), later(X))
    with pytest.raises(InvalidArgument, match="`coordinates` must be one of 'asymmetric'"):
        upsampling("numpy", (2, 2), coordinates="corners")


def test_an_unknown_size_has_to_be_stated() -> None:
    """Only while a framework traces; a model for images of any size computes."""
    layer = upsampling("numpy", (2, 2))
    assert layer.compute_output_shape((None, None, 4, 1)) == (None, None, 8, 1)
    with pytest.raises(InvalidShape, match=r"needs a known size of axis 1.*'asymmetric'"):
        layer._op((None, 8))
    model = Sequential([upsampling("numpy", (2, 2), input_shape=(None, None, 2))])
    assert model.predict(X, verbose=0).shape == (2, 6, 8, 2)


@pytest.mark.parametrize("dialect", ["keras2", "tf_keras", "keras3"])
@pytest.mark.parametrize("coordinates", ["asymmetric", "half_pixel"])
def test_a_file_keeps_the_grid_or_is_refused(
    tmp_path: Path, coordinates: str, dialect: str
) -> None:
    """What is loaded computes the same; a warning says that Keras 2 itself refuses the file."""
    pytest.importorskip("h5py", reason="HDF5 is written by h5py")
    layer = upsampling("numpy", (2, 2), coordinates=coordinates, input_shape=(3, 4, 2))
    model, path = keras2.models.Sequential([layer]), tmp_path / "m.h5"
    if coordinates == "asymmetric" and dialect != "keras2":
        with pytest.raises(InvalidArgument, match="'bilinear' on another grid"):
            model.save(path, dialect=dialect)
        return
    with contextlib.ExitStack() as stack:
        if coordinates == "half_pixel" and dialect == "keras2":
            stack.enter_context(pytest.warns(UserWarning, match=r"Keras 2\.2\.4 itself cannot"))
        model.save(path, dialect=dialect)
    again = load_model(path, backend="numpy")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
