"""Known disparities of channels first, grouped and depthwise convolutions, by smallest case.

C13, C14, C17-C19, C21-C24 and C42 of the list that `test_known_bugs.py` describes.
"""

from __future__ import annotations

import numpy as np
import pytest
from rows import DEPTHWISE, RowLayer, array, flat, ones, require_gradients

from convdispatch import layers
from convdispatch.numerics.gradients import gradients

CHANNELS_FIRST = {"data_format": "channels_first", "dtype": "float32"}

each_depthwise = pytest.mark.parametrize("layer", DEPTHWISE, ids=lambda kind: kind.id)


@each_depthwise
@pytest.mark.parametrize(
    ("convention", "expected"),
    [("tensorflow", [21, 32, 43, 4]), ("theano", [10, 21, 32, 43])],
    ids=["tensorflow", "theano"],
)
def test_an_even_depthwise_kernel_keeps_the_size(
    layer: RowLayer, convention: str, expected: list[float], backend_name: str
) -> None:
    """C13, keras#13842, #13849: Theano's backend gave 5 cells for 4."""
    got = layer([1, 2, 3, 4], [1, 10], padding="same", convention=convention, backend=backend_name)
    assert got == expected


@each_depthwise
@pytest.mark.parametrize(
    ("convention", "expected"),
    [("tensorflow", [321, 43]), ("theano", [210, 432])],
    ids=["tensorflow", "theano"],
)
def test_strided_depthwise_same_follows_the_convention(
    layer: RowLayer, convention: str, expected: list[float], backend_name: str
) -> None:
    """C14, keras#10672, keras-applications#27: why NASNet and MobileNetV2 diverged."""
    got = layer(
        [1, 2, 3, 4],
        [1, 10, 100],
        strides=2,
        padding="same",
        convention=convention,
        backend=backend_name,
    )
    assert got == expected


def test_channels_first_convolves_on_a_processor(backend_name: str) -> None:
    """C17, keras#20414, #15178, #23650, tensorflow#46623: ones sum up each channel's windows."""
    layer = layers.Conv2D(
        2, 2, weights=[ones(2, 2, 3, 2), ones(2)], backend=backend_name, **CHANNELS_FIRST
    )
    y = array(layer(np.arange(600, dtype="float32").reshape(2, 3, 10, 10)))
    assert y.shape == (2, 2, 9, 9)
    assert y[0, 0, 0, 0] == 3 * (0 + 1 + 10 + 11) + 4 * (0 + 100 + 200) + 1
    assert y[1, 1, 8, 8] == 3 * (88 + 89 + 98 + 99) + 4 * (300 + 400 + 500) + 1


def test_channels_first_convolves_one_axis(backend_name: str) -> None:
    """C17, keras#20414: each tap has a number for each channel."""
    layer = layers.Conv1D(
        1,
        2,
        use_bias=False,
        weights=[np.reshape([1, 2, 3, 4], (2, 2, 1))],
        backend=backend_name,
        **CHANNELS_FIRST,
    )
    x = np.array([[[1, 2, 3], [10, 20, 30]]], "float32")
    assert flat(layer(x)) == [1 + 20 + 6 + 80, 2 + 40 + 9 + 120]
    stated = layers.Conv1D(10, 3, backend=backend_name, **CHANNELS_FIRST)
    assert array(stated(ones(10, 3, 10))).shape == (10, 10, 8)


DEPTHWISE_WINDOW = [324, 346, 4768, 5190, 10812, 11634]  # by hand, channel by channel


def test_channels_first_convolves_depthwise(backend_name: str) -> None:
    """C19, keras#23031: the stated arrays, the first window of each of the six outputs."""
    layer = layers.DepthwiseConv2D(
        2,
        depth_multiplier=2,
        use_bias=False,
        weights=[np.arange(24).reshape(2, 2, 3, 2)],
        backend=backend_name,
        **CHANNELS_FIRST,
    )
    y = array(layer(np.arange(600, dtype="float32").reshape(2, 3, 10, 10)))
    assert y.shape == (2, 6, 9, 9)
    assert y[0, :, 0, 0].tolist() == DEPTHWISE_WINDOW


def test_channels_first_convolves_separably(backend_name: str) -> None:
    """C19, keras#23031: a pointwise kernel of ones adds the six up."""
    layer = layers.SeparableConv2D(
        1,
        2,
        depth_multiplier=2,
        use_bias=False,
        weights=[np.arange(24).reshape(2, 2, 3, 2), ones(1, 1, 6, 1)],
        backend=backend_name,
        **CHANNELS_FIRST,
    )
    y = array(layer(np.arange(600, dtype="float32").reshape(2, 3, 10, 10)))
    assert y.shape == (2, 1, 9, 9)
    assert y[0, 0, 0, 0] == sum(DEPTHWISE_WINDOW)


@pytest.mark.parametrize("groups", [1, 2])
def test_channels_first_volumes_and_their_gradients(groups: int, backend_name: str) -> None:
    """C18, keras#19591, tensorflow#60195: ones count the products in the output and gradients."""
    require_gradients(backend_name)
    layer = layers.Conv3D(
        2,
        2,
        groups=groups,
        use_bias=False,
        weights=[ones(2, 2, 2, 2 // groups, 2)],
        backend=backend_name,
        **CHANNELS_FIRST,
    )
    found = gradients(layer, ones(1, 2, 3, 3, 3))
    filters_of_a_channel, channels_of_a_filter = 2 // groups, 2 // groups
    assert found.output.tolist() == np.full((1, 2, 2, 2, 2), 8 * channels_of_a_filter).tolist()
    assert found.weights[0].tolist() == np.full((2, 2, 2, 2 // groups, 2), 8).tolist()
    assert found.inputs.shape == (1, 2, 3, 3, 3)
    assert found.inputs[0, 1, 0, 0, 0] == filters_of_a_channel
    assert found.inputs[0, 1, 1, 1, 1] == 8 * filters_of_a_channel


def test_a_group_of_one_channel_convolves_on_a_processor(backend_name: str) -> None:
    """C23, tensorflow#29005, #34024, #51825, #53631: three groups, each with a filter."""
    kernel = ones(3, 3, 1, 3) * np.array([1, 2, 3], "float32")
    layer = layers.Conv2D(
        3, 3, groups=3, use_bias=False, weights=[kernel], backend=backend_name, dtype="float32"
    )
    y = array(layer(ones(1, 4, 4, 3) * np.array([1, 10, 100], "float32")))
    assert y.tolist() == np.broadcast_to([9.0, 180.0, 2700.0], (1, 2, 2, 3)).tolist()


def test_groups_have_gradients(backend_name: str) -> None:
    """C23, tensorflow#50397, #53180, keras#15713: each weight meets its group's channels only."""
    require_gradients(backend_name)
    kernel = np.array([[[1, 2, 3, 4], [5, 6, 7, 8]]])
    layer = layers.Conv1D(
        4, 1, groups=2, use_bias=False, weights=[kernel], backend=backend_name, dtype="float32"
    )
    found = gradients(layer, np.array([[[1, 10, 100, 1000]]], "float32"))
    assert found.weights[0].tolist() == [[[1, 1, 100, 100], [10, 10, 1000, 1000]]]
    assert found.inputs.tolist() == [[[1 + 2, 5 + 6, 3 + 4, 7 + 8]]]


def test_strides_and_dilation_may_differ_by_axis(backend_name: str) -> None:
    """C21, keras#16314, tensorflow#31514, #51710: 14 x 14 gives 7 x 7, not 8 x 7."""
    layer = layers.DepthwiseConv2D(
        3,
        strides=2,
        dilation_rate=(3, 1),
        padding="same",
        use_bias=False,
        weights=[ones(3, 3, 1, 1)],
        backend=backend_name,
        dtype="float32",
    )
    y = array(layer(ones(1, 14, 14, 1)))
    assert y.shape == (1, 7, 7, 1)
    # Rows are padded by (2, 3), columns by (0, 1).
    assert [y[0, 0, 0, 0], y[0, 3, 3, 0], y[0, 6, 6, 0]] == [6, 9, 4]


@each_depthwise
def test_depthwise_strides_and_dilation_combine(layer: RowLayer, backend_name: str) -> None:
    """C22, keras#23027: padded for the true stride, where the naive way starts with 310."""
    got = layer(
        range(1, 9),
        [1, 10, 100],
        strides=2,
        dilation_rate=2,
        padding="same",
        backend=backend_name,
    )
    assert got == [420, 642, 864, 86]


@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D"])
def test_depthwise_strides_need_not_be_equal(name: str, backend_name: str) -> None:
    """C24, tensorflow#53055: strides (1, 2) over two rows of four."""
    is_separable = name == "SeparableConv2D"
    layer = getattr(layers, name)(
        *([1] if is_separable else []),
        (1, 2),
        strides=(1, 2),
        use_bias=False,
        weights=[np.reshape([1, 10], (1, 2, 1, 1)), *([ones(1, 1, 1, 1)] if is_separable else [])],
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(np.arange(1, 9, dtype="float32").reshape(1, 2, 4, 1))) == [21, 43, 65, 87]


@each_depthwise
def test_dilation_is_not_taken_for_a_stride(layer: RowLayer, backend_name: str) -> None:
    """C42, CNTK's backend: a dilated depthwise convolution reads cells that are apart."""
    assert layer([1, 2, 3, 4, 5], [1, 10], dilation_rate=2, backend=backend_name) == [31, 42, 53]
