"""Known disparities of transposed convolutions, each with its smallest case.

C1-C11, C29, C39, C43 and C44 of the list that `test_known_bugs.py` describes. Of C1 only the
derived small case is here: the sums 16.10 and 44.60 were of arrays that nobody kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import CONV1D_TRANSPOSE, TRANSPOSED, RowLayer, array, flat, ones

from convdispatch import keras1, layers
from convdispatch.errors import InvalidArgument

each_transposed = pytest.mark.parametrize("layer", TRANSPOSED, ids=lambda kind: kind.id)


def outer(*rows: list[float]) -> Any:
    """Return the product of rows along as many spatial axes: batch and channels of one."""
    product: Any = np.ones(())
    for row in rows:
        product = np.multiply.outer(product, np.array(row, "float32"))
    return product[np.newaxis, ..., np.newaxis].astype("float32")


@each_transposed
@pytest.mark.parametrize(
    ("kernel", "expected"),
    [([1, 10, 100], [1, 10, 102, 20]), ([1, 10, 100, 1000, 10000], [10, 102, 1020, 10200])],
    ids=["3", "5"],
)
def test_a_strided_transposed_same_is_not_shifted(
    layer: RowLayer, kernel: list[float], expected: list[float], backend_name: str
) -> None:
    """C1, keras#22876: torch was one cell off, with the right shape."""
    assert layer([1, 2], kernel, strides=2, padding="same", backend=backend_name) == expected


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", ["Conv2DTranspose", "Conv3DTranspose"])
def test_no_axis_of_a_transposed_same_is_shifted(
    name: str, data_format: str, backend_name: str
) -> None:
    """C1, keras#22876: a product of rows gives the product of their answers."""
    layer = getattr(layers, name)(
        1,
        3,
        strides=2,
        padding="same",
        data_format=data_format,
        use_bias=False,
        weights=[np.moveaxis(outer(*[[1, 2, 3]] * int(name[4])), 0, -1)],
        backend=backend_name,
        dtype="float32",
    )
    x = outer(*[[1, 10]] * layer.rank)
    y = array(layer(x if data_format == "channels_last" else np.moveaxis(x, -1, 1)))
    assert y.ravel().tolist() == outer(*[[1, 2, 13, 20]] * layer.rank).ravel().tolist()


@each_transposed
@pytest.mark.parametrize(
    ("output_padding", "expected"),
    [
        pytest.param(1, [1, 10, 102, 20, 203, 30, 304, 40], id="C2-keras-core#774"),
        pytest.param(0, [10, 102, 20, 203, 30, 304, 40], id="C5-tensorflow#50168"),
        pytest.param(None, [1, 10, 102, 20, 203, 30, 304, 40], id="C5-keras#14158"),
    ],
)
def test_output_padding_is_keras_own(
    layer: RowLayer, output_padding: int | None, expected: list[float], backend_name: str
) -> None:
    """C2, C5: four cells become 8, or 7 for 0; torch would add the eighth at the end only."""
    got = layer(
        [1, 2, 3, 4],
        [1, 10, 100],
        strides=2,
        padding="same",
        output_padding=output_padding,
        backend=backend_name,
    )
    assert got == expected


def test_an_even_transposed_kernel_keeps_the_size_at_stride_one(backend_name: str) -> None:
    """C3, keras#20949, #21852: eight cells stay eight, and the first meets one tap of two."""
    layer = layers.Conv3DTranspose(
        32,
        2,
        padding="same",
        use_bias=False,
        weights=[ones(2, 2, 2, 32, 16)],
        backend=backend_name,
        dtype="float32",
    )
    y = array(layer(ones(1, 8, 8, 8, 16)))
    assert y.shape == (1, 8, 8, 8, 32)
    assert [y[0, 0, 0, 0, 0], y[0, 7, 7, 7, 31]] == [16, 16 * 8]


@each_transposed
@pytest.mark.parametrize(
    ("kernel", "stride", "expected"),
    [
        pytest.param([3], 2, [3, 0, 6, 0], id="1-of-2"),
        pytest.param([1, 10], 3, [1, 10, 0, 2, 20, 0], id="2-of-3"),
        pytest.param([3], 1, [3, 6], id="C44-pointwise"),
    ],
)
def test_a_stride_above_the_kernel_needs_no_negative_padding(
    layer: RowLayer, kernel: list[float], stride: int, expected: list[float], backend_name: str
) -> None:
    """C4, keras-core#488; C44, keras#16512: torch refused; cells that no tap reaches are zero."""
    got = layer([1, 2], kernel, strides=stride, padding="same", backend=backend_name)
    assert got == expected


def test_each_axis_may_ask_for_its_own_output_padding() -> None:
    """C6, keras#13231, #15666: 46 x 62 at stride 8 to 368 x 489, though 8 is the stride itself."""
    layer = layers.Conv2DTranspose(1, 16, strides=8, padding="same", output_padding=(8, 1))
    assert layer.compute_output_shape((None, 46, 62, 3)) == (None, 368, 489, 1)


def test_an_even_transposed_kernel_refuses_what_cannot_be_undone() -> None:
    """C6, keras#13231: output_padding 0 would ask for (i - 1) s cells."""
    with pytest.raises(InvalidArgument, match="`output_padding` must be from 1 to 8"):
        layers.Conv2DTranspose(1, 16, strides=8, padding="same", output_padding=0)


@each_transposed
@pytest.mark.parametrize(
    ("output_padding", "expected"), [(2, [10, 102, 1020, 200]), (1, [10, 102, 1020])]
)
def test_output_padding_of_an_even_kernel_reaches_the_stride(
    layer: RowLayer, output_padding: int, expected: list[float], backend_name: str
) -> None:
    """C6, keras#13231: i s cells need output_padding s."""
    got = layer(
        [1, 2],
        [1, 10, 100, 1000],
        strides=2,
        padding="same",
        output_padding=output_padding,
        backend=backend_name,
    )
    assert got == expected


def test_shapes_are_inferred_with_channels_first() -> None:
    """C7, keras#13776: Keras 2.3.1 lost both sizes."""
    layer = layers.Conv2DTranspose(64, 2, strides=2, output_padding=0, data_format="channels_first")
    assert layer.compute_output_shape((None, 64, 128, 32)) == (None, 64, 256, 64)
    assert layer.compute_output_shape((None, 64, None, 32)) == (None, 64, None, 64)


def test_transposed_dilation_may_differ_by_axis(backend_name: str) -> None:
    """C8, C9: tensorflow#48469, #21598, keras#8159, where it was refused or without effect."""
    layer = layers.Conv2DTranspose(
        1,
        2,
        dilation_rate=(1, 2),
        use_bias=False,
        weights=[np.reshape([1, 10, 100, 1000], (2, 2, 1, 1))],
        backend=backend_name,
        dtype="float32",
    )
    y = array(layer(np.array([1, 2], "float32").reshape(1, 1, 2, 1)))
    assert y[0, ..., 0].tolist() == [[1, 2, 10, 20], [100, 200, 1000, 2000]]


@each_transposed
def test_transposed_kernels_dilate_on_a_processor(layer: RowLayer, backend_name: str) -> None:
    """C10, keras#19870, #20408, tensorflow#69103: crop (1, 1) of [1, 2, 13, 20, 30]."""
    got = layer([1, 2, 3], [1, 10], dilation_rate=2, padding="same", backend=backend_name)
    assert got == [2, 13, 20]


def test_a_long_transposed_row_dilates(backend_name: str) -> None:
    """C10, keras#19870: the stated input of (2, 2048, 64), counted at both ends."""
    layer = layers.Conv1DTranspose(
        2,
        3,
        dilation_rate=2,
        use_bias=False,
        weights=[ones(3, 2, 64)],
        backend=backend_name,
        dtype="float32",
    )
    y = array(layer(ones(2, 2048, 64)))
    assert y.shape == (2, 2052, 2)
    assert y[1, [0, 2, 4, 2051], 1].tolist() == [64, 128, 192, 64]


@each_transposed
def test_transposed_strides_and_dilation_combine(layer: RowLayer, backend_name: str) -> None:
    """C11, keras#16086: Keras 3 refuses what the adjoint defines."""
    got = layer(
        [1, 2], [1, 10, 100], strides=2, dilation_rate=2, padding="same", backend=backend_name
    )
    assert got == [0, 12, 0, 120]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_one_cell_transposed_is_the_kernel(data_format: str, backend_name: str) -> None:
    """C29, jax#14337, #33419, #11252: `lax.conv_transpose` would turn it around."""
    layer = layers.Conv2DTranspose(
        1,
        2,
        data_format=data_format,
        use_bias=False,
        weights=[np.reshape([1, 2, 3, 4], (2, 2, 1, 1))],
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(ones(1, 1, 1, 1))) == [1, 2, 3, 4]


@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
@pytest.mark.parametrize(
    ("rows", "taps", "size", "subsample", "border_mode"),
    [
        pytest.param(12, 3, 14, 1, "valid", id="keras#3824"),
        pytest.param(7, 4, 14, 2, "same", id="keras#6384"),
        pytest.param(12, 3, 25, 2, "valid", id="keras#4601"),
    ],
)
@pytest.mark.parametrize("dim_ordering", ["th", "tf"])
def test_deconvolution_gives_the_shape_it_declares(
    rows: int,
    taps: int,
    size: int,
    subsample: int,
    border_mode: str,
    dim_ordering: str,
    convention: str,
    backend_name: str,
) -> None:
    """C39, keras#3824, #4474, #3395, #4601, #4997, #6384, Theano#5267: on every backend."""
    is_th = dim_ordering == "th"
    stated = (None, 3, size, size) if is_th else (None, size, size, 3)
    layer = keras1.layers.Deconvolution2D(
        3,
        taps,
        taps,
        stated,
        subsample=(subsample, subsample),
        border_mode=border_mode,
        dim_ordering=dim_ordering,
        convention=convention,
        backend=backend_name,
        dtype="float32",
    )
    y = array(layer(ones(2, 3, rows, rows) if is_th else ones(2, rows, rows, 3)))
    assert layer.output_shape == stated
    assert y.shape == (2, *stated[1:])


@pytest.mark.parametrize(
    ("convention", "kernel", "expected"),
    [
        ("tensorflow", [1, 10, 100], [1, 10, 102, 20]),
        ("theano", [100, 10, 1], [10, 102, 20, 200]),
        ("tensorflow", [1, 10, 100, 1000], [10, 102, 1020, 200]),
        ("theano", [1000, 100, 10, 1], [102, 1020, 200, 2000]),
    ],
    ids=["tensorflow-odd", "theano-odd", "tensorflow-even", "theano-even"],
)
def test_the_transposed_crop_follows_the_convention(
    convention: str, kernel: list[float], expected: list[float], backend_name: str
) -> None:
    """C39, Theano#5267: k // 2 cells go in front, whatever the size."""
    got = CONV1D_TRANSPOSE(
        [1, 2], kernel, strides=2, padding="same", convention=convention, backend=backend_name
    )
    assert got == expected


def test_same_upper_crops_at_the_end(backend_name: str) -> None:
    """C43, onnx#4299, onnxruntime#11927, openvino#20848: 7 x 7 is cropped by (0, 1) to 6 x 6."""
    layer = layers.Conv2DTranspose(
        1,
        3,
        strides=2,
        padding="same",
        data_format="channels_first",
        use_bias=False,
        weights=[ones(3, 3, 1, 2)],
        backend=backend_name,
        dtype="float32",
    )
    overlaps = [1, 1, 2, 1, 2, 1]
    y = array(layer(ones(1, 2, 3, 3)))
    assert y[0, 0].tolist() == (2 * np.outer(overlaps, overlaps)).tolist()
