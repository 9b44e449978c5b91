"""Numbers that make no layer: zero, negative, broken, or not numbers at all."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from complaints import K1, Bad, L, complaint, conv, old

NUMBERS = {
    "filters-zero": Bad(conv(filters=0), ValueError, "`filters` must be at least 1; received 0"),
    "filters-negative": Bad(conv(filters=-2), ValueError, "`filters` must be at least 1; .* -2"),
    "filters-1.5": Bad(conv(filters=1.5), TypeError, "`filters` must be an integer; received 1.5"),
    "filters-2.0": Bad(conv(filters=2.0), TypeError, "`filters` must be an integer; received 2.0"),
    "filters-true": Bad(conv(filters=True), TypeError, "`filters` must be an integer; .* True"),
    "filters-text": Bad(conv(filters="4"), TypeError, "`filters` must be an integer; .* '4'"),
    "filters-none": Bad(conv(filters=None), TypeError, "`filters` must be an integer; .* None"),
    "filters-list": Bad(conv(filters=[4]), TypeError, r"`filters` must be an integer; .* \[4\]"),
    "filters-float32": Bad(
        conv(filters=np.float32(4)), TypeError, "`filters` must be an integer; received np.float32"
    ),
    "nb-filter": Bad(old(nb_filter=0), ValueError, "`nb_filter` must be at least 1; received 0"),
    "nb-row": Bad(old(nb_row="3"), TypeError, "`nb_row` must be an integer; received '3'"),
    "nb-col": Bad(old(nb_col=0), ValueError, "`nb_col` must be at least 1; received 0"),
    "filter-length": Bad(
        lambda b: K1.Convolution1D(4, (3, 3), backend=b),
        TypeError,
        r"`filter_length` must be an integer; received \(3, 3\)",
    ),
    "subsample-length": Bad(
        lambda b: K1.Convolution1D(4, 3, subsample_length=0, backend=b),
        ValueError,
        "`subsample_length` must be at least 1; received 0",
    ),
    "atrous-rate-1d": Bad(
        lambda b: K1.AtrousConvolution1D(4, 3, atrous_rate=0, backend=b),
        ValueError,
        "`atrous_rate` must be at least 1; received 0",
    ),
    "kernel-dim3": Bad(
        lambda b: K1.Convolution3D(4, 1, 1, 0, backend=b),
        ValueError,
        "`kernel_dim3` must be at least 1; received 0",
    ),
    "kernel-size-zero": Bad(
        conv(kernel_size=(3, 0)), ValueError, r"every `kernel_size` must be at least 1; .*\(3, 0\)"
    ),
    "kernel-size-long": Bad(
        conv(kernel_size=(3, 3, 3)),
        ValueError,
        r"`kernel_size` must be an integer or a tuple of 2 integers; received \(3, 3, 3\)",
    ),
    "kernel-size-of-one-axis": Bad(
        lambda b: L.Conv1D(4, (3, 3), backend=b),
        ValueError,
        r"`kernel_size` must be an integer or a tuple of one integer; received \(3, 3\)",
    ),
    "kernel-size-1.5": Bad(
        conv(kernel_size=(1.5, 3)), ValueError, r"a tuple of 2 integers; received \(1.5, 3\)"
    ),
    "kernel-size-true": Bad(
        conv(kernel_size=(True, 3)), ValueError, r"a tuple of 2 integers; received \(True, 3\)"
    ),
    "kernel-size-none": Bad(
        conv(kernel_size=None), ValueError, "`kernel_size` must be an integer or a tuple of 2"
    ),
    "kernel-size-text": Bad(conv(kernel_size="33"), ValueError, "`kernel_size` must .* '33'"),
    "kernel-size-bytes": Bad(conv(kernel_size=b"33"), ValueError, "`kernel_size` must .* b'33'"),
    "kernel-size-a-set": Bad(conv(kernel_size={3, 5}), ValueError, r"`kernel_size` must .* \{"),
    "kernel-size-float-array": Bad(
        conv(kernel_size=np.array([3.0, 3.0])), ValueError, "`kernel_size` must .* received array"
    ),
    "strides-zero": Bad(conv(strides=0), ValueError, "every `strides` must be at least 1; .* 0"),
    "strides-negative": Bad(conv(strides=(1, -1)), ValueError, r"every `strides` .* \(1, -1\)"),
    "strides-none": Bad(conv(strides=None), ValueError, "`strides` must be an integer .* None"),
    "subsample": Bad(old(subsample=(0, 1)), ValueError, r"every `subsample` .* \(0, 1\)"),
    "dilation-zero": Bad(conv(dilation_rate=0), ValueError, "every `dilation_rate` must be at l"),
    "dilation-2.0": Bad(conv(dilation_rate=2.0), ValueError, "`dilation_rate` must be an integer"),
    "atrous-rate": Bad(
        lambda b: K1.AtrousConvolution2D(4, 3, 3, atrous_rate=(1, 0), backend=b),
        ValueError,
        r"every `atrous_rate` must be at least 1; received \(1, 0\)",
    ),
    "groups-zero": Bad(conv(groups=0), ValueError, "`groups` must be at least 1; received 0"),
    "filters-in-groups": Bad(
        conv(groups=3),
        ValueError,
        "`filters` must be a multiple of `groups`; received 4 filters in 3 groups",
    ),
    "depth-multiplier": Bad(
        lambda b: L.DepthwiseConv2D(3, depth_multiplier=0, backend=b),
        ValueError,
        "`depth_multiplier` must be at least 1; received 0",
    ),
    "depth-multiplier-1.5": Bad(
        lambda b: K1.SeparableConvolution2D(4, 3, 3, depth_multiplier=1.5, backend=b),
        TypeError,
        "`depth_multiplier` must be an integer; received 1.5",
    ),
}


@pytest.mark.parametrize("bad", NUMBERS.values(), ids=NUMBERS)
def test_a_bad_number_is_refused_alike_on_every_backend(
    all_backends: tuple[str, ...], bad: Bad
) -> None:
    """The message names the argument as the user spells it, and is the same everywhere."""
    assert len({complaint(bad, backend) for backend in all_backends}) == 1


INTEGERS = {
    "int64": np.int64,
    "int8": np.int8,
    "uint16": np.uint16,
    "array-of-no-axes": np.array,
}


@pytest.mark.parametrize("integer", INTEGERS.values(), ids=INTEGERS)
def test_numpy_integers_are_integers(integer: Any) -> None:
    """They are taken for every number, and a configuration has plain ones."""
    two = integer(2)
    layer = L.Conv2D(two, (two, two), strides=two, dilation_rate=[two, two], groups=two, name="a")
    plain = L.Conv2D(2, (2, 2), strides=2, dilation_rate=[2, 2], groups=2, name="a")
    assert layer.get_config() == plain.get_config()
    assert json.dumps(layer.get_config()) == json.dumps(plain.get_config())


SEQUENCES = {
    "list": [2, 3],
    "tuple": (2, 3),
    "array": np.array([2, 3]),
    "range": range(2, 4),
}


@pytest.mark.parametrize("value", SEQUENCES.values(), ids=SEQUENCES)
def test_sequences_of_integers_are_taken(value: Any) -> None:
    """Anything with an order will do."""
    assert L.Conv2D(2, value).kernel_size == (2, 3)
    assert L.ZeroPadding2D(value).padding == ((2, 2), (3, 3))
    assert L.ZeroPadding1D(value).padding == ((2, 3),)


def test_numpy_integers_are_taken_by_every_family() -> None:
    """Padding, cropping, upsampling, transposed and depthwise layers and Keras 1's read them."""
    one, two = np.int64(1), np.int32(2)
    assert L.ZeroPadding2D(((one, two), (two, one))).padding == ((1, 2), (2, 1))
    assert L.Cropping1D((one, two)).cropping == ((1, 2),)
    assert L.UpSampling3D(two).size == (2, 2, 2)
    assert L.Conv1DTranspose(two, two, strides=two, output_padding=one).output_padding == (1,)
    assert L.DepthwiseConv2D(two, depth_multiplier=two).depth_multiplier == 2
    assert K1.Convolution2D(two, two, one).kernel_size == (2, 1)
    assert K1.Convolution1D(two, two, input_dim=two, input_length=two).batch_input_shape == (
        *(None, 2, 2),
    )
    assert L.Conv2D(two, one, input_shape=(two, two, one)).batch_input_shape == (None, 2, 2, 1)
