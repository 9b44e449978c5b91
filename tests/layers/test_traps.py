"""The traps about the cells that a kernel meets, each with its stated numbers.

Here are E1-E5, E14-E16, E18, E19 and E21. Those of transposed convolutions (E6-E9, E17)
are in `test_traps_transposed.py`, those of weights and formulas (E10-E13, E20) in
`test_traps_weights.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import (
    CONVOLUTIONS,
    DEPTHWISE,
    FLIPPABLE,
    RowLayer,
    flat,
)

from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidShape

each_convolution = pytest.mark.parametrize("layer", CONVOLUTIONS, ids=lambda kind: kind.id)


@each_convolution
def test_same_pads_a_strided_convolution_by_the_inputs_length(
    layer: RowLayer, backend_name: str
) -> None:
    """E1: four cells are padded by (0, 1), where a fixed k // 2 would give [210, 432]."""
    got = layer([1, 2, 3, 4], [1, 10, 100], strides=2, padding="same", backend=backend_name)
    assert got == [321, 43]


@each_convolution
def test_one_cell_more_moves_the_padding(layer: RowLayer, backend_name: str) -> None:
    """E1: five cells are padded by (1, 1)."""
    got = layer([1, 2, 3, 4, 5], [1, 10, 100], strides=2, padding="same", backend=backend_name)
    assert got == [210, 432, 54]


@each_convolution
def test_an_even_kernel_is_padded_at_the_end(layer: RowLayer, backend_name: str) -> None:
    """E2: the odd cell goes after the data, where padding first would give [10, 21, 32, 43]."""
    assert layer([1, 2, 3, 4], [1, 10], padding="same", backend=backend_name) == [21, 32, 43, 4]


@each_convolution
def test_a_stride_longer_than_the_kernel_crops_nothing(layer: RowLayer, backend_name: str) -> None:
    """E3: the padding of -1 is clamped to 0, so that the first cell is read."""
    assert layer([1, 2, 3, 4, 5], [1], strides=3, padding="same", backend=backend_name) == [1, 4]


CAUSAL = [layer for layer in FLIPPABLE if layer.id.startswith(("layers.Conv1D", "Conv1D"))]


@pytest.mark.parametrize("layer", CAUSAL, ids=lambda kind: kind.id)
@pytest.mark.parametrize(
    ("strides", "expected"), [(1, [10, 20, 31, 42]), (2, [10, 31])], ids=["plain", "strided"]
)
def test_causal_pads_the_dilated_reach_before_the_data(
    layer: RowLayer, strides: int, expected: list[float], backend_name: str
) -> None:
    """E4: d (k - 1) cells go in front, and the stride comes after."""
    got = layer(
        [1, 2, 3, 4],
        [1, 10],
        padding="causal",
        dilation_rate=2,
        strides=strides,
        backend=backend_name,
    )
    assert got == expected


@each_convolution
def test_same_centres_a_dilated_kernel(layer: RowLayer, backend_name: str) -> None:
    """E4: what 'causal' is not."""
    got = layer([1, 2, 3, 4], [1, 10], padding="same", dilation_rate=2, backend=backend_name)
    assert got == [20, 31, 42, 3]


@pytest.mark.parametrize("layer", FLIPPABLE, ids=lambda kind: kind.id)
@pytest.mark.parametrize(
    ("convention", "padding", "cells", "expected"),
    [
        pytest.param("tensorflow", "valid", [1, 2, 3, 4], [21, 32, 43], id="correlation"),
        pytest.param("theano", "valid", [1, 2, 3, 4], [12, 23, 34], id="convolution"),
        pytest.param("tensorflow", "full", [1, 2, 3], [10, 21, 32, 3], id="correlation-full"),
        pytest.param("theano", "full", [1, 2, 3], [1, 12, 23, 30], id="convolution-full"),
    ],
)
def test_only_theano_flips_the_kernel(
    layer: RowLayer,
    convention: str,
    padding: str,
    cells: list[float],
    expected: list[float],
    backend_name: str,
) -> None:
    """E5: the default correlates; the convention 'theano' convolves as `np.convolve` does."""
    got = layer(cells, [1, 10], padding=padding, convention=convention, backend=backend_name)
    assert got == expected


@pytest.mark.parametrize("layer", DEPTHWISE, ids=lambda kind: kind.id)
@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
def test_depthwise_kernels_are_never_flipped(
    layer: RowLayer, convention: str, backend_name: str
) -> None:
    """E5: Keras 2's Theano backend flipped depthwise kernels beforehand."""
    got = layer([1, 2, 3, 4], [1, 10], convention=convention, backend=backend_name)
    assert got == [21, 32, 43]


@each_convolution
def test_same_pads_for_the_true_stride_of_a_dilated_kernel(
    layer: RowLayer, backend_name: str
) -> None:
    """E14: eight cells are padded by (1, 2), where every other cell of stride 1 starts at 310."""
    got = layer(
        range(1, 9),
        [1, 10, 100],
        strides=2,
        dilation_rate=2,
        padding="same",
        backend=backend_name,
    )
    assert got == [420, 642, 864, 86]


def test_a_dilated_kernel_reaches_over_its_gaps() -> None:
    """E14: three taps at dilation 2 leave 252 of 256 cells."""
    layer = layers.Conv2D(1, 3, dilation_rate=2)
    assert layer.compute_output_shape((None, 256, 256, 1)) == (None, 252, 252, 1)


@pytest.mark.parametrize(
    ("layer_class", "cropping", "shape", "expected"),
    [
        pytest.param(layers.Cropping1D, (1, 0), (1, 2, 4), [4, 5, 6, 7], id="layers-1D"),
        pytest.param(keras1.layers.Cropping1D, (0, 1), (1, 2, 4), [0, 1, 2, 3], id="keras1-1D"),
        pytest.param(layers.Cropping2D, ((1, 0), (0, 1)), (1, 2, 2, 2), [4, 5], id="layers-2D"),
        pytest.param(
            keras1.layers.Cropping2D, ((0, 1), (1, 0)), (1, 2, 2, 2), [2, 3], id="keras1-2D"
        ),
        pytest.param(
            keras2.layers.Cropping3D,
            ((1, 0), (0, 1), (0, 0)),
            (1, 2, 2, 2, 1),
            [4, 5],
            id="keras2-3D",
        ),
    ],
)
def test_cropping_nothing_at_the_end_keeps_the_end(
    layer_class: Any,
    cropping: Any,
    shape: tuple[int, ...],
    expected: list[float],
    backend_name: str,
) -> None:
    """E15: x[1:-0] would be empty."""
    layer = layer_class(cropping, backend=backend_name)
    assert flat(layer(np.arange(8, dtype="float32").reshape(shape))) == expected


@each_convolution
@pytest.mark.parametrize("length", [2, 1])
def test_an_output_without_cells_is_an_error(
    layer: RowLayer, length: int, backend_name: str
) -> None:
    """E16: three taps do not fit two cells nor one, where Keras 1 and 2 gave 0 and -1 cells."""
    with pytest.raises(InvalidShape, match="reaches over 3 cells"):
        layer([1, 2][:length], [1, 10, 100], backend=backend_name)


@pytest.mark.parametrize(
    ("interpolation", "cells", "expected"),
    [
        ("nearest", [1, 2, 3], [1, 1, 2, 2, 3, 3]),
        ("bilinear", [0, 1], [0, 0.25, 0.75, 1]),
    ],
    ids=["nearest", "bilinear"],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_upsampling_samples_between_cell_centres(
    interpolation: str,
    cells: list[float],
    expected: list[float],
    data_format: str,
    backend_name: str,
) -> None:
    """E18: the half-pixel grid, where TensorFlow 1's gives [0, 0.5, 1, 1]."""
    layer = layers.UpSampling2D((2, 1), data_format, interpolation, backend=backend_name)
    first = data_format == "channels_first"
    x = np.array(cells, "float32").reshape((1, 1, -1, 1) if first else (1, -1, 1, 1))
    assert flat(layer(x)) == expected


@pytest.mark.parametrize("layer", FLIPPABLE, ids=lambda kind: kind.id)
@pytest.mark.parametrize(
    ("convention", "kernel", "expected"),
    [("theano", [1, 10], [1, 12, 23, 34]), ("tensorflow", [10, 1], [12, 23, 34, 40])],
    ids=["theano", "tensorflow-on-flipped-weights"],
)
def test_flipping_weights_does_not_replace_the_convention(
    layer: RowLayer,
    convention: str,
    kernel: list[float],
    expected: list[float],
    backend_name: str,
) -> None:
    """E19: Theano pads an even kernel on both sides and drops the last cell."""
    got = layer([1, 2, 3, 4], kernel, padding="same", convention=convention, backend=backend_name)
    assert got == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # Depthwise [-1, -10], pointwise -1, bias -30, relu: from -([21, 43]), and so on.
        pytest.param({"strides": (2, 1)}, [0, 13], id="strides"),
        pytest.param({"padding": "same"}, [0, 2, 13, 0], id="padding"),
        pytest.param({"dilation_rate": (2, 1)}, [1, 12], id="dilation"),
    ],
)
def test_a_separable_convolution_strides_once_and_activates_once(
    arguments: dict[str, Any], expected: list[float], backend_name: str
) -> None:
    """E21: geometry is the depthwise step's; bias and activation come after the pointwise one."""
    layer = layers.SeparableConv2D(
        1,
        (2, 1),
        activation="relu",
        weights=[np.reshape([-1, -10], (2, 1, 1, 1)), [[[[-1]]]], np.array([-30])],
        backend=backend_name,
        dtype="float32",
        **arguments,
    )
    x = np.array([1, 2, 3, 4], "float32").reshape(1, 4, 1, 1)
    assert flat(layer(x)) == expected


def test_keras1_separable_convolution_strides_once_and_activates_once(backend_name: str) -> None:
    """E21: the same under Keras 1's names, on every backend."""
    layer = keras1.layers.SeparableConvolution2D(
        1,
        2,
        1,
        activation="relu",
        subsample=(2, 1),
        dim_ordering="tf",
        weights=[np.reshape([-1, -10], (2, 1, 1, 1)), [[[[-1]]]], np.array([-30])],
        backend=backend_name,
        dtype="float32",
    )
    x = np.array([1, 2, 3, 4], "float32").reshape(1, 4, 1, 1)
    assert flat(layer(x)) == [0, 13]
