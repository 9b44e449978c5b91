"""Known disparities of convolutions between Keras's backends, each with its smallest case.

Numbers C1 to C46 are those of the project's list of them. Transposed convolutions (C1-C11, C29,
C39, C43, C44) are in `test_known_bugs_transposed.py`; channels first, groups and depthwise (C13,
C14, C17-C19, C21-C24, C42) in `test_known_bugs_channels.py`; element types, gradients and memory
(C31-C35, C37, C46) in `test_known_bugs_types.py`. Without a test of their own are

====  ============================================================================================
C16   only its geometry is kept, with fewer channels: the stated size takes 1.9e12 products.
C36   TF32 and bfloat16 by default: needs an accelerator, which these tests do not assume.
C41   fans of depthwise and transposed kernels: trap E12 in `test_traps_weights.py`.
C45   a loss that differed between versions of two frameworks and could not be reproduced.
====  ============================================================================================

C37 and C42 are bugs of Metal and of CNTK, which we have no backend for; their cases run here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import CONVOLUTIONS, FLIPPABLE, RowLayer, array, flat, ones

from convdispatch import keras1, layers
from convdispatch.errors import InvalidShape
from convdispatch.numerics.rounding import reference_with_bound

each_flippable = pytest.mark.parametrize("layer", FLIPPABLE, ids=lambda kind: kind.id)


@each_flippable
@pytest.mark.parametrize(
    ("convention", "kernel", "expected"),
    [("tensorflow", [1, 10, 100], [321, 43]), ("theano", [100, 10, 1], [210, 432])],
    ids=["tensorflow", "theano"],
)
def test_strided_same_follows_the_convention(
    layer: RowLayer,
    convention: str,
    kernel: list[float],
    expected: list[float],
    backend_name: str,
) -> None:
    """C12, keras#9473, #9629, #5652: the same taps, padded each in its own way."""
    got = layer(
        [1, 2, 3, 4], kernel, strides=2, padding="same", convention=convention, backend=backend_name
    )
    assert got == expected


@each_flippable
@pytest.mark.parametrize(
    ("convention", "expected"),
    [("tensorflow", [0, 3, 2, 1, 0]), ("theano", [0, 1, 2, 3, 0])],
    ids=["tensorflow", "theano"],
)
def test_the_impulse_response_shows_the_flip(
    layer: RowLayer, convention: str, expected: list[float], backend_name: str
) -> None:
    """C15, keras#3015, #3307, #3717: one cell of 1 gives the kernel, backwards unless Theano's."""
    got = layer(
        [0, 0, 1, 0, 0], [1, 2, 3], padding="same", convention=convention, backend=backend_name
    )
    assert got == expected


@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=lambda kind: kind.id)
def test_weights_flipped_on_import_give_theanos_numbers(layer: RowLayer, backend_name: str) -> None:
    """C15, keras#12843: where nothing is padded, flipping the weights is all that is needed."""
    assert layer([1, 2, 3, 4], [10, 1], backend=backend_name) == [12, 23, 34]


def test_the_error_bound_grows_with_the_products_summed(backend_name: str) -> None:
    """C16, keras#20804, #20867: a float32 sum of 28 * 32 products is as good as its bound."""
    generator = np.random.default_rng(0)
    x, kernel = generator.normal(size=(1, 20, 24, 32)), generator.normal(size=(4, 7, 32, 2))
    layer = layers.Conv2D(
        2,
        (4, 7),
        dilation_rate=(3, 2),
        padding="same",
        use_bias=False,
        weights=[kernel.astype("float32")],
        backend=backend_name,
        dtype="float32",
    )
    single = x.astype("float32")
    got = array(layer(single))
    expected, bound = reference_with_bound([layer], single, "float32")
    assert layer.reduction_length == 896
    assert np.all(np.abs(got - expected) <= bound)
    # One product's rounding is not enough of a tolerance for 896 of them.
    assert np.median(bound / np.abs(expected)) > 100 * np.finfo("float32").eps


def test_dilation_is_not_ignored(backend_name: str) -> None:
    """C25, tensorflow#18454: nine cells, two apart, around row 2 and column 2 of seven."""
    layer = layers.Conv2D(
        1,
        3,
        dilation_rate=2,
        use_bias=False,
        weights=[ones(3, 3, 1, 1)],
        backend=backend_name,
        dtype="float32",
    )
    y = array(layer(np.arange(49, dtype="float32").reshape(1, 7, 7, 1)))
    assert y.shape == (1, 3, 3, 1)
    assert y[0, 0, 0, 0] == 9 * (2 * 7 + 2)
    assert y[0, 2, 2, 0] == 9 * (4 * 7 + 4)


def test_dilation_rates_may_differ_while_striding(backend_name: str) -> None:
    """C26, keras#3183: what Theano allowed and TensorFlow did not."""
    layer = keras1.layers.AtrousConvolution2D(
        1,
        2,
        2,
        subsample=(2, 1),
        atrous_rate=(1, 2),
        dim_ordering="tf",
        bias=False,
        weights=[np.reshape([1, 10, 100, 1000], (2, 2, 1, 1))],
        backend=backend_name,
        dtype="float32",
    )
    x = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 1, 1]], "float32").reshape(1, 4, 3, 1)
    assert flat(layer(x)) == [1 + 30 + 400 + 6000, 7 + 90 + 100 + 1000]


def test_taps_may_all_fall_into_the_padding(backend_name: str) -> None:
    """C26, keras#5529: two taps 280 apart around 100 cells read zeros, and the bias is left."""
    layer = keras1.layers.AtrousConvolution1D(
        1,
        2,
        atrous_rate=280,
        border_mode="same",
        weights=[ones(2, 1, 1, 1), np.array([7])],
        backend=backend_name,
        dtype="float32",
    )
    assert flat(layer(ones(1, 100, 1))) == [7] * 100


@pytest.mark.parametrize(
    ("taps", "size", "expected"),
    [(7, 8, [5, 7, 6, 4]), (3, 4, [3, 2])],
    ids=["pytorch#67551", "keras#19291"],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_same_pads_asymmetrically_where_it_must(
    taps: int, size: int, expected: list[float], data_format: str, backend_name: str
) -> None:
    """C28, pytorch#67551, #3867, keras#19291, #18656: ones count the cells that a tap meets."""
    layer = layers.Conv2D(
        1,
        taps,
        strides=2,
        padding="same",
        use_bias=False,
        data_format=data_format,
        weights=[ones(taps, taps, 1, 1)],
        backend=backend_name,
        dtype="float32",
    )
    x = ones(1, size, size, 1) if data_format == "channels_last" else ones(1, 1, size, size)
    assert array(layer(x)).squeeze().tolist() == np.outer(expected, expected).tolist()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("factor", [2, 3])
def test_bilinear_upsampling_takes_any_factor(
    factor: int, data_format: str, backend_name: str
) -> None:
    """C38, keras#10994, pytorch#10604, pytorch/xla#8897: Theano had 2 only."""
    layer = layers.UpSampling2D((1, factor), data_format, "bilinear", backend=backend_name)
    x = np.array([0, 1], "float32").reshape(
        (1, 1, 2, 1) if data_format == "channels_last" else (1, 1, 1, 2)
    )
    expected = {2: [0, 0.25, 0.75, 1], 3: [0, 0, 1 / 3, 2 / 3, 1, 1]}[factor]
    np.testing.assert_allclose(flat(layer(x)), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
@pytest.mark.parametrize(("size", "taps"), [(32, 6), (28, 2)], ids=["Theano#2126", "keras#1092"])
def test_same_keeps_the_size_under_an_even_kernel(
    size: int, taps: int, convention: str, backend_name: str
) -> None:
    """C40, Theano#2126, keras#1092: 33 and 27 cells were seen."""
    layer = layers.Conv2D(
        1, taps, padding="same", convention=convention, backend=backend_name, dtype="float32"
    )
    assert array(layer(ones(1, size, size, 1))).shape == (1, size, size, 1)
    assert layer.output_shape == (None, size, size, 1)


# The layer's class and arguments, the input's shape, and what the message says.
TOO_LARGE = [
    pytest.param(
        layers.DepthwiseConv1D,
        {"kernel_size": 7, "dilation_rate": 2, "data_format": "channels_first"},
        (4, 10, 12),
        "reaches over 13 cells",
        id="C20-keras#22534",
    ),
    pytest.param(
        layers.Conv2D,
        {"filters": 1, "kernel_size": 3},
        (1, 2, 2, 1),
        "reaches over 3 cells",
        id="C27-keras#6649",
    ),
    pytest.param(
        layers.Conv2D,
        {"filters": 8, "kernel_size": 11},
        (4, 10, 10, 128),
        "reaches over 11 cells",
        id="C27-keras#22414",
    ),
    pytest.param(
        layers.Cropping2D,
        {"cropping": ((0, 0), (5, 0))},
        (1, 2, 3, 1),
        "-2 cells on a spatial",
        id="C30-jax#11517",
    ),
]


@pytest.mark.parametrize(("layer_class", "arguments", "shape", "message"), TOO_LARGE)
def test_what_leaves_no_cells_is_refused_when_shapes_are_inferred(
    layer_class: Any, arguments: dict[str, Any], shape: tuple[int, ...], message: str
) -> None:
    """C20, C27, C30: keras#19457, #19753, tensorflow#65214, jax#11544, before anything runs."""
    with pytest.raises(InvalidShape, match=message):
        layer_class(**arguments).compute_output_shape(shape)


@pytest.mark.parametrize(("layer_class", "arguments", "shape", "message"), TOO_LARGE)
def test_what_leaves_no_cells_is_refused_alike_by_every_backend(
    layer_class: Any,
    arguments: dict[str, Any],
    shape: tuple[int, ...],
    message: str,
    backend_name: str,
) -> None:
    """C20, C27, C30: the eager message is the symbolic one."""
    layer = layer_class(**arguments, backend=backend_name, dtype="float32")
    with pytest.raises(InvalidShape, match=message):
        layer(ones(*shape))
