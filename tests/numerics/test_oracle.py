"""The oracle against tables made by hand, NumPy's own convolutions and exact arithmetic.

Whatever the oracle says is what every backend must say, so nothing else may be trusted here.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.conformance import oracle

LINE = {"groups": 1, "channels_last": True}


def line(values):
    """Return a batch of one row with one channel."""
    return np.reshape(values, (1, len(values), 1))


def taps(values):
    """Return a one-dimensional kernel from one channel to one channel."""
    return np.reshape(values, (len(values), 1, 1))


def correlate(x, kernel, *, stride=1, pads=(0, 0), dilation=1):
    """Return the oracle's one-dimensional convolution of two lists."""
    fields = {"strides": (stride,), "pads": (pads,), "dilation": (dilation,)}
    return oracle.conv(line(x), taps(kernel), **fields, **LINE).ravel().tolist()


def transpose(y, kernel, output_size, *, stride=1, pads=(0, 0), dilation=1):
    """Return the oracle's one-dimensional transposed convolution of two lists."""
    fields = {"strides": (stride,), "pads": (pads,), "dilation": (dilation,)}
    fields |= {"output_size": (output_size,)}
    return oracle.conv_transpose(line(y), taps(kernel), **fields, **LINE).ravel().tolist()


CONV_TABLE = [
    ("stride-pads-low-0-high-1", {"stride": 2, "pads": (0, 1)}, 4, [1, 10, 100], [321, 43]),
    ("stride-pads-1-1", {"stride": 2, "pads": (1, 1)}, 4, [1, 10, 100], [210, 432]),
    ("even-kernel-pads-last", {"pads": (0, 1)}, 4, [1, 10], [21, 32, 43, 4]),
    ("even-kernel-pads-first", {"pads": (1, 0)}, 4, [1, 10], [10, 21, 32, 43]),
    ("stride-longer-than-kernel", {"stride": 3}, 5, [1], [1, 4]),
    ("conv3d-fault-without-pads", {"stride": 3}, 6, [1], [1, 4]),
    ("causal-dilated", {"pads": (2, 0), "dilation": 2}, 4, [1, 10], [10, 20, 31, 42]),
    ("same-dilated", {"pads": (1, 1), "dilation": 2}, 4, [1, 10], [20, 31, 42, 3]),
    ("kernel-is-not-flipped", {}, 4, [1, 10], [21, 32, 43]),
    ("full", {"pads": (1, 1)}, 3, [1, 10], [10, 21, 32, 3]),
    (
        "stride-and-dilation",
        {"stride": 2, "pads": (1, 2), "dilation": 2},
        8,
        [1, 10, 100],
        [420, 642, 864, 86],
    ),
    ("theano-even-kernel", {"pads": (1, 0)}, 4, [10, 1], [1, 12, 23, 34]),
    ("tensorflow-on-the-flipped-kernel", {"pads": (0, 1)}, 4, [10, 1], [12, 23, 34, 40]),
    ("crop-low", {"pads": (-1, 0)}, 4, [1, 10], [32, 43]),
    ("crop-high", {"pads": (0, -2)}, 4, [1, 10], [21]),
    ("crop-and-pad", {"pads": (-2, 1)}, 4, [1, 10], [43, 4]),
    ("kernel-equals-input", {}, 4, [1, 10, 100, 1000], [4321]),
    ("kernel-longer-than-input", {}, 2, [1, 10, 100], []),
]


@pytest.mark.parametrize(
    ("fields", "size", "kernel", "expected"),
    [row[1:] for row in CONV_TABLE],
    ids=[row[0] for row in CONV_TABLE],
)
def test_conv_gives_the_numbers_worked_out_by_hand(fields, size, kernel, expected):
    """The convolution of 1, 2, 3, ... with powers of ten shows each cell that was read."""
    assert correlate(range(1, size + 1), kernel, **fields) == expected


TRANSPOSE_TABLE = [
    ("valid", {"stride": 2}, [1, 2], [1, 10, 100], 5, [1, 10, 102, 20, 200]),
    ("same", {"stride": 2, "pads": (0, 1)}, [1, 2], [1, 10, 100], 4, [1, 10, 102, 20]),
    ("pads-1-0", {"stride": 2, "pads": (1, 0)}, [1, 2], [1, 10, 100], 4, [10, 102, 20, 200]),
    (
        "same-even-kernel",
        {"stride": 2, "pads": (1, 1)},
        [1, 2],
        [1, 10, 100, 1000],
        4,
        [10, 102, 1020, 200],
    ),
    ("output-padding-0", {"stride": 2, "pads": (1, 1)}, [1, 2], [1, 10, 100], 3, [10, 102, 20]),
    ("stride-longer-than-kernel", {"stride": 3}, [1, 2], [1, 10], 6, [1, 10, 0, 2, 20, 0]),
    ("smallest-legal-size", {"stride": 3}, [1, 2], [1, 10], 5, [1, 10, 0, 2, 20]),
    ("dilated", {"dilation": 2}, [1, 2], [1, 10], 4, [1, 2, 10, 20]),
    ("cropped-cells-get-zero", {"pads": (-1, -1)}, [1, 2], [1, 10], 5, [0, 1, 12, 20, 0]),
]


@pytest.mark.parametrize(
    ("fields", "y", "kernel", "size", "expected"),
    [row[1:] for row in TRANSPOSE_TABLE],
    ids=[row[0] for row in TRANSPOSE_TABLE],
)
def test_conv_transpose_gives_the_numbers_worked_out_by_hand(fields, y, kernel, size, expected):
    """The transposed convolution scatters the unflipped kernel and then takes the pads away."""
    assert transpose(y, kernel, size, **fields) == expected


@pytest.mark.parametrize("size", [4, 7], ids=["too-small", "too-large"])
def test_conv_transpose_refuses_a_size_that_is_not_the_convolutions_input(size):
    """An output size from which the convolution gives other cells is an error."""
    with pytest.raises(ValueError, match=rf"a convolution of \({size},\) gives"):
        transpose([1, 2], [1, 10, 100], size, stride=2)


def test_groups_read_their_own_channels():
    """Filter f reads input group f // (filters / groups)."""
    x, kernel = [[[1, 10, 100, 1000]]], [[[1, 2, 3, 4], [5, 6, 7, 8]]]
    y = oracle.conv(
        x, kernel, strides=(1,), pads=((0, 0),), dilation=(1,), groups=2, channels_last=True
    )
    assert y.ravel().tolist() == [51, 62, 7300, 8400]


def test_depthwise_filters_of_one_channel_are_neighbours():
    """With as many groups as channels, filter c * multiplier + m reads channel c."""
    y = oracle.conv(
        [[[10, 100]]],
        [[[1, 2, 3, 4]]],
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=2,
        channels_last=True,
    )
    assert y.ravel().tolist() == [10, 20, 300, 400]


@pytest.mark.parametrize("mode", ["valid", "full"])
def test_conv_is_numpy_correlate(mode):
    """NumPy's correlation of integers gives the same numbers, without and with full pads."""
    rng = np.random.default_rng(1)
    x, kernel = rng.integers(-9, 10, 11), rng.integers(-9, 10, 4)
    pads = {"valid": (0, 0), "full": (3, 3)}[mode]
    assert correlate(x, kernel, pads=pads) == np.correlate(x, kernel, mode).tolist()


def test_conv_with_a_flipped_kernel_is_numpy_convolve():
    """NumPy's convolution is the correlation with the kernel turned round."""
    expected = np.convolve([1, 2, 3], [1, 10]).tolist()
    assert correlate([1, 2, 3], [10, 1], pads=(1, 1)) == expected == [1, 12, 23, 30]


def test_conv_of_two_axes_is_the_product_of_two_convs():
    """A kernel that is an outer product may be applied one axis after the other."""
    x = np.arange(1, 31).reshape(1, 5, 6, 1)
    rows, columns = np.array([1, 10]), np.array([1, -2, 3])
    both = np.multiply.outer(rows, columns).reshape(2, 3, 1, 1)
    plain = {"dilation": (1, 1), "groups": 1, "channels_last": True}
    y = oracle.conv(x, both, strides=(2, 1), pads=((1, 0), (0, 2)), **plain)
    by_rows = [correlate(column, rows, stride=2, pads=(1, 0)) for column in x[0, :, :, 0].T]
    by_both = [correlate(row, columns, pads=(0, 2)) for row in np.transpose(by_rows)]
    assert y[0, :, :, 0].tolist() == by_both


@pytest.mark.parametrize("channels_last", [True, False], ids=["last", "first"])
def test_integers_stay_exact(channels_last):
    """Sums beyond 2**53 are right to the unit, as float64's could not be."""
    x, kernel = np.full((1, 1, 1), 2**53), np.reshape([1], (1, 1, 1))
    y = oracle.conv(
        x + 1,
        kernel,
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=1,
        channels_last=channels_last,
    )
    assert y.dtype == np.int64
    assert y.item() == 2**53 + 1


def test_fractions_stay_exact():
    """Rational input gives the rational result."""
    x = [Fraction(1, 3), Fraction(1, 7), Fraction(2, 5)]
    assert correlate(x, [Fraction(1, 2), 3]) == [Fraction(25, 42), Fraction(89, 70)]


def test_half_precision_is_computed_in_float64():
    """The expected value of a half-precision case carries no rounding of its own."""
    y = oracle.conv(
        np.full((1, 3, 1), 0.1, np.float16),
        np.full((3, 1, 1), 0.1, np.float16),
        strides=(1,),
        pads=((0, 0),),
        dilation=(1,),
        groups=1,
        channels_last=True,
    )
    assert y.dtype == np.float64
    assert y.item() == pytest.approx(3 * float(np.float16(0.1)) ** 2, rel=1e-15)


@st.composite
def conv_fields(draw):
    """Draw arguments of `oracle.conv` and the shapes of an input and a kernel that fit them."""
    rank = draw(st.integers(1, 2))

    def axes(smallest, largest):
        return tuple(draw(st.integers(smallest, largest)) for _ in range(rank))

    size, kernel_size, groups = axes(3, 6), axes(1, 3), draw(st.integers(1, 2))
    fields = {
        "strides": axes(1, 3),
        "pads": tuple(zip(axes(-1, 2), axes(0, 2), strict=True)),
        "dilation": axes(1, 2),
        "groups": groups,
        "channels_last": draw(st.booleans()),
    }
    x_shape = (2, *size, 2 * groups) if fields["channels_last"] else (2, 2 * groups, *size)
    return fields, size, x_shape, (*kernel_size, 2, 3 * groups)


@given(conv_fields(), st.integers(0, 2**32))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_conv_transpose_is_the_adjoint_of_conv(drawn, seed):
    """The inner products <conv(x), y> and <x, conv_transpose(y)> are equal, to the unit."""
    fields, size, x_shape, kernel_shape = drawn
    rng = np.random.default_rng(seed)
    x, kernel = rng.integers(-9, 10, x_shape), rng.integers(-9, 10, kernel_shape)
    forward = oracle.conv(x, kernel, **fields)
    y = rng.integers(-9, 10, forward.shape)
    backward = oracle.conv_transpose(y, kernel, **fields, output_size=size)
    assert backward.shape == x_shape
    assert np.sum(forward * y) == np.sum(x * backward)


@given(conv_fields(), st.integers(0, 2**32))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_gradients_are_the_derivatives_of_the_conv(drawn, seed):
    """A step along the input, the kernel or the bias changes the sum by its gradient, exactly."""
    fields, _, x_shape, kernel_shape = drawn
    rng = np.random.default_rng(seed)
    x, kernel = rng.integers(-9, 10, x_shape), rng.integers(-9, 10, kernel_shape)
    y = oracle.conv(x, kernel, **fields)
    cotangent = rng.integers(-9, 10, y.shape)
    gx, gk, gb = oracle.conv_gradients(x, kernel, cotangent, **fields)
    dx, dk = rng.integers(-9, 10, x_shape), rng.integers(-9, 10, kernel_shape)
    assert np.sum(gx * dx) == np.sum(cotangent * oracle.conv(dx, kernel, **fields))
    assert np.sum(gk * dk) == np.sum(cotangent * oracle.conv(x, dk, **fields))
    channel = -1 if fields["channels_last"] else 1
    assert gb.tolist() == np.moveaxis(cotangent, channel, 0).reshape(len(gb), -1).sum(1).tolist()
