"""The traps of weights and formulas, each with its stated numbers: E10-E13 and E20."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import Array, flat

import convdispatch
from convdispatch import constraints, keras1, keras2, layers, regularizers
from convdispatch.errors import InvalidShape
from convdispatch.ops import Backend


def one_cell(*channels: float) -> Array:
    """Return one cell with those channels, as an input of a layer over two axes."""
    return np.array(channels, "float32").reshape(1, 1, 1, -1)


def matrix(*rows: list[float]) -> Array:
    """Return a kernel of one tap from its last two axes."""
    return np.array(rows, "float32").reshape(1, 1, len(rows), -1)


def test_depthwise_outputs_stay_beside_their_channel(backend_name: str) -> None:
    """E10: output c * multiplier + m belongs to channel c, not [10, 300, 20, 400]."""
    layer = layers.DepthwiseConv2D(
        1,
        depth_multiplier=2,
        use_bias=False,
        weights=[matrix([1, 2], [3, 4])],
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(one_cell(10, 100))) == [10, 20, 300, 400]


@pytest.mark.parametrize("door", [layers, keras2.layers], ids=["layers", "keras2"])
def test_transposed_kernels_have_the_outputs_before_the_inputs(
    door: Any, backend_name: str
) -> None:
    """E10: it is (k, k, out, in), so that a square one in another order gives [31, 42]."""
    layer = door.Conv2DTranspose(
        2,
        1,
        use_bias=False,
        weights=[matrix([1, 2], [3, 4])],
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(one_cell(1, 10))) == [21, 43]


@pytest.mark.parametrize(
    ("dim_ordering", "kernel_shape", "x_shape", "output_shape", "expected"),
    [
        ("tf", (1, 1, 2, 2), (1, 1, 1, 2), (None, 1, 1, 2), [31, 42]),
        ("th", (2, 2, 1, 1), (1, 2, 1, 1), (None, 2, 1, 1), [21, 43]),
    ],
    ids=["tf", "th"],
)
def test_keras1_deconvolution_kernels_are_laid_out_like_its_convolutions(
    dim_ordering: str,
    kernel_shape: tuple[int, ...],
    x_shape: tuple[int, ...],
    output_shape: tuple[Any, ...],
    expected: list[float],
    backend_name: str,
) -> None:
    """E10: Keras 1's kernel is (rows, cols, in, out), 'th' (out, in, rows, cols)."""
    layer = keras1.layers.Deconvolution2D(
        2,
        1,
        1,
        output_shape,
        dim_ordering=dim_ordering,
        bias=False,
        weights=[np.reshape([1, 2, 3, 4], kernel_shape)],
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(np.array([1, 10], "float32").reshape(x_shape))) == expected


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_filter_reads_its_own_group(data_format: str, backend_name: str) -> None:
    """E11: filter f reads the input channels of group f // (filters / groups)."""
    layer = layers.Conv2D(
        4,
        1,
        groups=2,
        data_format=data_format,
        use_bias=False,
        weights=[matrix([1, 2, 3, 4], [5, 6, 7, 8])],
        backend=backend_name,
        dtype="float32",
    )
    x = one_cell(1, 10, 100, 1000)
    inputs = x if data_format == "channels_last" else x.reshape(1, 4, 1, 1)
    assert flat(layer(inputs)) == [51, 62, 7300, 8400]


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
    """E12: each Keras counts fans in its own way (C41: keras#11773, tensorflow#31192)."""
    assert round(formula, 6) == limit
    convdispatch.set_random_seed(3)
    layer = layer_class(**arguments, backend=backend_name, dtype="float32")
    layer.build(input_shape)
    largest = np.max(np.abs(layer.get_weights()[0]))
    assert 0.97 * formula < largest < formula * (1 + 1e-6)


@pytest.mark.parametrize(
    ("axis", "expected"), [(0, [2, 2]), ((0, 1, 2), [1.2, 1.6])], ids=["each-tap", "kernel"]
)
def test_a_constraint_measures_along_its_axis(
    axis: Any, expected: list[float], backend_name: str
) -> None:
    """E13: axis 0 of a convolution's kernel bounds each tap alone."""
    layer = layers.Conv2D(
        1,
        (1, 2),
        kernel_constraint=constraints.MaxNorm(2, axis=axis),
        use_bias=False,
        weights=[np.reshape([3, 4], (1, 2, 1, 1))],
        backend=backend_name,
        dtype="float32",
    )
    layer.build((None, 1, 2, 1))
    layer.apply_constraints()
    np.testing.assert_allclose(layer.get_weights()[0].ravel(), expected, rtol=1e-6)


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
    """E20: hard_sigmoid(1) is 0.2 + 0.5 in Keras 1 and 2, relu6(4) / 6 in Keras 3."""
    layer = layer_class(
        1,
        *sizes,
        activation="hard_sigmoid",
        weights=[matrix([1]), np.zeros(1)],
        backend=backend_name,
        dtype="float32",
    )
    np.testing.assert_allclose(flat(layer(one_cell(1))), [expected], rtol=1e-6)


def test_softmax_of_channels_first_normalizes_over_the_width(backend_name: str) -> None:
    """E20: the last axis is the width, so that four equal columns get a quarter each."""
    layer = keras2.layers.Conv2D(
        2,
        1,
        activation="softmax",
        data_format="channels_first",
        kernel_initializer="zeros",
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(np.ones((1, 1, 1, 4), "float32"))) == [0.25] * 8


def test_keras1_has_no_softmax_of_images(backend_name: str) -> None:
    """E20: Keras 1's softmax takes rank 2 or 3, and says so."""
    layer = keras1.layers.Convolution2D(2, 1, 1, activation="softmax", backend=backend_name)
    with pytest.raises(InvalidShape, match="rank 2 or 3, received rank 4"):
        layer(np.ones((1, 1, 1, 4), "float32"))


def test_a_regularizer_has_no_factor_of_one_half(backend: Backend) -> None:
    """E20: l2(0.5) of [1, 2] is 0.5 (1 + 4)."""
    layer = layers.Conv1D(
        1,
        2,
        kernel_regularizer=regularizers.L2(0.5),
        use_bias=False,
        weights=[np.reshape([1, 2], (2, 1, 1))],
        backend=backend.name,
        dtype="float32",
    )
    layer.build((None, 2, 1))
    assert [float(backend.to_numpy(loss)) for loss in layer.losses] == [2.5]


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
    """E20: 0.01 (1 + 4 + 9) for a batch of three, which Keras 3 divides by three."""
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
