"""The oracle in exact arithmetic against other ways to write a convolution down.

Fractions and integers have no rounding to hide behind: every number must be equal.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.conformance import oracle

EXACT = settings(derandomize=True, deadline=None, max_examples=60, database=None)


def reading(cells, axis):
    """Return one axis as a matrix for each tap: 1 where output i reads input cell c.

    No cell is padded or cropped: what lies outside of the input is read by no column.
    """
    taps, stride, (low, high), rate = axis
    outputs = max(0, (cells + low + high - rate * (taps - 1) - 1) // stride + 1)
    tap, output, cell = np.ogrid[:taps, :outputs, :cells]
    return (stride * output + rate * tap - low == cell).astype(object)


def dense(x_shape, kernel, fields):
    """Return the whole convolution as one matrix, from all input cells to all output cells."""
    size = x_shape[1:-1]
    axes = zip(
        size, kernel.shape[:-2], fields["strides"], fields["pads"], fields["dilation"], strict=True
    )
    matrices = [reading(cells, axis) for cells, *axis in axes]
    total = 0
    for tap in np.ndindex(*kernel.shape[:-2]):
        places = np.ones((1, 1), object)
        for matrix, index in zip(matrices, tap, strict=True):
            places = np.kron(places, matrix[index])
        total = total + np.kron(places, ungrouped(kernel[tap], fields["groups"]).T)
    return total


def ungrouped(block, groups):
    """Return one tap's kernel for all channels: zeros between different groups."""
    channels, filters = block.shape
    per_group = filters // groups
    full = np.zeros((groups * channels, filters), object)
    for group in range(groups):
        columns = slice(group * per_group, (group + 1) * per_group)
        full[group * channels : (group + 1) * channels, columns] = block[:, columns]
    return full


@st.composite
def convolutions(draw):
    """Draw arguments of `oracle.conv`, an input and a kernel of fractions or of integers."""
    rank = draw(st.integers(1, 3))

    def axes(smallest, largest):
        return tuple(draw(st.integers(smallest, largest)) for _ in range(rank))

    groups = draw(st.integers(1, 2))
    fields = {
        "strides": axes(1, 3),
        "pads": tuple(zip(axes(-1, 2), axes(0, 2), strict=True)),
        "dilation": axes(1, 2),
        "groups": groups,
    }
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    numbers = draw(st.sampled_from([fractions, integers]))
    x = numbers(rng, (2, *axes(3, 5 - rank // 3), 2 * groups))
    return fields, x, numbers(rng, (*axes(1, 3), 2, groups * draw(st.integers(1, 2)))), rng


def fractions(rng, shape):
    """Return random fractions, as an array of objects."""
    parts = zip(
        rng.integers(-99, 100, shape).ravel(), rng.integers(1, 99, shape).ravel(), strict=True
    )
    flat = [Fraction(int(top), int(bottom)) for top, bottom in parts]
    return np.array(flat, object).reshape(shape)


def integers(rng, shape):
    """Return random integers so large that float64 could not hold their products."""
    return rng.integers(-(2**29), 2**29, shape)


@given(convolutions())
@EXACT
def test_conv_is_its_dense_matrix(drawn):
    """A convolution is the product of one matrix with the cells, number for number."""
    fields, x, kernel, _ = drawn
    matrix = dense(x.shape, kernel, fields)
    found = oracle.conv(x, kernel, **fields, channels_last=True)
    assert found.dtype == x.dtype
    want = x.astype(object).reshape(len(x), -1) @ matrix.T
    assert found.reshape(want.shape).tolist() == want.tolist()


@given(convolutions())
@EXACT
def test_conv_transpose_is_the_transposed_matrix(drawn):
    """The transposed convolution is the product with that matrix turned over."""
    fields, x, kernel, rng = drawn
    matrix = dense(x.shape, kernel, fields)
    shape = oracle.conv(x, kernel, **fields, channels_last=True).shape
    y = rng.integers(-(2**29), 2**29, shape)
    found = oracle.conv_transpose(
        y, kernel, **fields, channels_last=True, output_size=x.shape[1:-1]
    )
    want = y.astype(object).reshape(len(y), -1) @ matrix
    assert found.reshape(want.shape).tolist() == want.tolist()


@given(convolutions())
@EXACT
def test_the_kernels_gradient_is_linear_algebra_too(drawn):
    """Each number of it is the inner product of the cotangent with one unit kernel's output."""
    fields, x, kernel, rng = drawn
    last = {"channels_last": True}
    cotangent = integers(rng, oracle.conv(x, kernel, **fields, **last).shape).astype(object)
    found = oracle.conv_kernel_gradient(x, cotangent, kernel_shape=kernel.shape, **fields, **last)
    place = tuple(int(rng.integers(size)) for size in kernel.shape)
    unit = np.zeros(kernel.shape, object)
    unit[place] = 1
    outputs = x.astype(object).reshape(len(x), -1) @ dense(x.shape, unit, fields).T
    assert found[place] == np.sum(outputs * cotangent.reshape(outputs.shape))


BASE = 10**6  # more than any coefficient of the products below


def as_integer(coefficients, step):
    """Return the polynomial's value at BASE, its coefficients `step` powers apart."""
    return sum(int(c) * BASE ** (step * power) for power, c in enumerate(coefficients))


def digits(number, count):
    """Return the number's digits to the base BASE, the lowest first."""
    return [number // BASE**power % BASE for power in range(count)]


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_conv_transpose_multiplies_integers(stride, dilation):
    """Long multiplication: the digits of a product are a transposed convolution of the factors'."""
    y, kernel = [3, 1, 4, 1, 5], [9, 2, 6]
    size = stride * (len(y) - 1) + dilation * (len(kernel) - 1) + 1
    found = oracle.conv_transpose(
        np.reshape(y, (1, -1, 1)),
        np.reshape(kernel, (-1, 1, 1)),
        strides=(stride,),
        pads=((0, 0),),
        dilation=(dilation,),
        groups=1,
        channels_last=True,
        output_size=(size,),
    )
    product = as_integer(y, stride) * as_integer(kernel, dilation)
    assert found.ravel().tolist() == digits(product, size)


def test_conv_multiplies_integers():
    """With full pads and the kernel turned round, a convolution is long multiplication as well."""
    x, kernel = [2, 7, 1, 8, 2, 8], [1, 8, 2]
    found = oracle.conv(
        np.reshape(x, (1, -1, 1)),
        np.reshape(kernel[::-1], (-1, 1, 1)),
        strides=(1,),
        pads=((2, 2),),
        dilation=(1,),
        groups=1,
        channels_last=True,
    )
    assert found.ravel().tolist() == digits(as_integer(x, 1) * as_integer(kernel, 1), 8)
