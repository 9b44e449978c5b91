"""Keras's functions that convolve and pool, in the layouts and conventions of each Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch.keras1 import backend as K1
from convdispatch.keras2 import backend as K2
from convdispatch.runtime.registry import registry

RNG = np.random.default_rng(5)
X = RNG.integers(-3, 4, size=(2, 5, 4, 3)).astype("float32")
KERNEL = RNG.integers(-2, 3, size=(2, 3, 3, 4)).astype("float32")


def convolved(x: Any, kernel: Any) -> Any:
    """Return the valid convolution, tap by tap."""
    rows, cols = x.shape[1] - kernel.shape[0] + 1, x.shape[2] - kernel.shape[1] + 1
    return sum(
        x[:, i : i + rows, j : j + cols] @ kernel[i, j]
        for i in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )


def native(backend_name: str, *arrays: Any) -> list[Any]:
    """Return tensors of the backend."""
    backend: Any = registry.load(backend_name)
    return [backend.asarray(x, "float32") for x in arrays]


def test_a_convolution_in_both_layouts(backend_name: str) -> None:
    """Keras 1 has the kernels of channels-first images as (out, in, rows, cols)."""
    wanted = convolved(X, KERNEL)
    found = K2.conv2d(*native(backend_name, X, KERNEL), data_format="channels_last")
    np.testing.assert_array_equal(convdispatch.to_numpy(found), wanted)
    first = native(backend_name, X.transpose(0, 3, 1, 2), KERNEL.transpose(3, 2, 0, 1))
    found = K1.conv2d(*first, dim_ordering="th")
    np.testing.assert_array_equal(convdispatch.to_numpy(found), wanted.transpose(0, 3, 1, 2))


@pytest.mark.parametrize(
    ("convention", "wanted"), [("theano", [12.0, 234.0]), ("tensorflow", [321.0, 43.0])]
)
def test_a_convolution_has_the_numbers_of_its_convention(convention: str, wanted: Any) -> None:
    """Theano flips the kernel and pads evenly: by hand."""
    x = np.array([[[[1.0, 2.0, 3.0, 4.0]]]])
    kernel = np.array([[[[1.0, 10.0, 100.0]]]])
    with convdispatch.use_convention(convention):
        found = K1.conv2d(x, kernel, (1, 2), border_mode="same", dim_ordering="th")
        node = K1.conv2d(K1.placeholder((1, 1, 1, 4)), kernel, (1, 2), "same", dim_ordering="th")
    assert np.ravel(found).tolist() == wanted
    assert node.shape == (1, 1, 1, 2)


def test_pooling_enlarging_and_padding() -> None:
    """By hand, of an image of four cells."""
    x = np.array([[1.0, 2.0], [3.0, 8.0]]).reshape(1, 2, 2, 1)
    options = {"data_format": "channels_last"}
    assert K2.pool2d(x, (2, 2), pool_mode="avg", **options).ravel().tolist() == [3.5]
    assert K1.pool2d(x, (1, 2), dim_ordering="tf").ravel().tolist() == [2.0, 8.0]
    assert K2.resize_images(x, 1, 2, "channels_last")[0, 0, :, 0].tolist() == [1, 1, 2, 2]
    padded = K2.spatial_2d_padding(x, ((1, 0), (0, 2)), "channels_last")
    assert padded[0, :, :, 0].tolist() == [[0, 0, 0, 0], [1, 2, 0, 0], [3, 8, 0, 0]]


def test_the_old_name_of_the_backend() -> None:
    """Scripts of 2015 branch on it."""
    with convdispatch.use_convention("theano"):
        assert (K1._BACKEND, K2._BACKEND) == ("theano", "theano")
