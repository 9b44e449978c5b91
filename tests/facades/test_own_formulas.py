"""Formulas that differ between the Kerases: fans, hard_sigmoid and penalties of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.ops import Backend


def glorot(fan_in: int, fan_out: int) -> float:
    """Return the limit of glorot_uniform."""
    return float(np.sqrt(6 / (fan_in + fan_out)))


@pytest.mark.parametrize(
    ("layer_class", "arguments", "input_shape", "limit", "formula"),
    [
        pytest.param(
            layers.Conv2D,
            {"filters": 32, "kernel_size": 3},
            (None, 8, 8, 16),
            0.117851,
            glorot(144, 288),
            id="Conv2D",
        ),
        pytest.param(
            layers.DepthwiseConv2D,
            {"kernel_size": 3},
            (None, 8, 8, 16),
            0.198030,
            glorot(144, 9),
            id="depthwise",
        ),
        pytest.param(
            layers.Conv2DTranspose,
            {"filters": 32, "kernel_size": 3, "kernel_initializer": "he_uniform"},
            (None, 8, 8, 16),
            0.144338,
            np.sqrt(6 / 288),
            id="transposed",
        ),
        pytest.param(
            keras1.layers.Convolution1D,
            {"nb_filter": 64, "filter_length": 3},
            (None, 8, 32),
            0.027063,
            glorot(2048, 6144),
            id="keras1.Convolution1D",
        ),
        pytest.param(
            keras2.layers.Conv1D,
            {"filters": 64, "kernel_size": 3},
            (None, 8, 32),
            0.144338,
            glorot(96, 192),
            id="keras2.Conv1D",
        ),
        pytest.param(
            keras1.layers.Convolution3D,
            {
                "nb_filter": 32,
                "kernel_dim1": 3,
                "kernel_dim2": 3,
                "kernel_dim3": 3,
                "dim_ordering": "tf",
            },
            (None, 4, 4, 4, 16),
            0.117851,
            glorot(144, 288),
            id="keras1.Convolution3D",
        ),
        pytest.param(
            keras2.layers.Conv3D,
            {"filters": 32, "kernel_size": 3},
            (None, 4, 4, 4, 16),
            0.068041,
            glorot(432, 864),
            id="keras2.Conv3D",
        ),
    ],
)
def test_initial_weights_fill_the_interval_of_their_fans(
    layer_class: Any,
    arguments: dict[str, Any],
    input_shape: tuple[int | None, ...],
    limit: float,
    formula: float,
    backend_name: str,
) -> None:
    """Each Keras counts fans in its own way (keras#11773, tensorflow#31192)."""
    assert round(formula, 6) == limit
    convdispatch.set_random_seed(3)
    layer = layer_class(**arguments, backend=backend_name, dtype="float32")
    layer.build(input_shape)
    largest = np.max(np.abs(layer.get_weights()[0]))
    assert 0.97 * formula < largest < formula * (1 + 1e-6)


@pytest.mark.parametrize(
    ("layer_class", "sizes", "expected"),
    [
        pytest.param(keras1.layers.Convolution2D, (1, 1), 0.7, id="keras1"),
        pytest.param(keras2.layers.Conv2D, (1,), 0.7, id="keras2"),
        pytest.param(layers.Conv2D, (1,), 4 / 6, id="layers"),
    ],
)
def test_hard_sigmoid_is_each_keras_own(
    layer_class: Any, sizes: tuple[int, ...], expected: float, backend_name: str
) -> None:
    """hard_sigmoid(1) is 0.2 + 0.5 in Keras 1 and 2, relu6(4) / 6 in Keras 3."""
    layer = layer_class(
        1,
        *sizes,
        activation="hard_sigmoid",
        weights=[np.ones((1, 1, 1, 1)), np.zeros(1)],
        backend=backend_name,
        dtype="float32",
    )
    np.testing.assert_allclose(
        convdispatch.to_numpy(layer(np.ones((1, 1, 1, 1), "float32"))).ravel(),
        [expected],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("layer_class", "kernel_shape", "name"),
    [
        pytest.param(keras1.layers.Convolution1D, (1, 1, 1, 1), "activity_l2", id="keras1"),
        pytest.param(keras2.layers.Conv1D, (1, 1, 1), "l2", id="keras2"),
    ],
)
def test_the_activity_loss_is_summed_over_the_batch(
    layer_class: Any, kernel_shape: tuple[int, ...], name: str, backend: Backend
) -> None:
    """0.01 (1 + 4 + 9) for a batch of three, which Keras 3 divides by three."""
    layer = layer_class(
        1,
        1,
        activity_regularizer=name,
        weights=[np.ones(kernel_shape), np.zeros(1)],
        backend=backend.name,
        dtype="float32",
    )
    layer(np.reshape([1, 2, 3], (3, 1, 1)).astype("float32"))
    found = [float(backend.to_numpy(loss)) for loss in layer.losses]
    np.testing.assert_allclose(found, [0.14], rtol=1e-6)
