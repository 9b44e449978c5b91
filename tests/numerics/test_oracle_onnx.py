"""The oracle against the test data that ONNX gives the authors of its backends.

What ONNX's attributes mean is written down here once more, from the text of its operators.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from convdispatch.conformance import oracle

onnx = pytest.importorskip("onnx", reason="the test data are in the package onnx")
node = importlib.import_module("onnx.backend.test.case.node")


def data(module, op_type):
    """Return the cases of one operator: importing its module adds them to the list of all."""
    importlib.import_module(f"{node.__name__}.{module}")
    return [case for case in node._NodeTestCases if case.model.graph.node[0].op_type == op_type]


CONV, CONV_TRANSPOSE = data("conv", "Conv"), data("convtranspose", "ConvTranspose")
# Resize does much besides enlarging by whole factors between cell centres.
RESIZE = [
    case
    for case in data("resize", "Resize")
    if case.name in ("test_resize_upsample_scales_nearest", "test_resize_upsample_scales_linear")
]
# Windows of neighbouring cells, each of which lies in the padded image as a whole.
POOLS = [
    case
    for module, op_type in (("maxpool", "MaxPool"), ("averagepool", "AveragePool"))
    for case in data(module, op_type)
    if not {"dilations", "ceil_mode"} & {a.name for a in case.model.graph.node[0].attribute}
]
# Those whose sizes are the given ones and whose positions are never between two cells.
SAMPLED = [
    case
    for case in data("resize", "Resize")
    if case.name
    in (
        "test_resize_upsample_scales_nearest",
        "test_resize_upsample_scales_linear",
        "test_resize_upsample_scales_linear_align_corners",
    )
]
GEMM = data("gemm", "Gemm")


def test_the_data_are_found():
    """A package without the data would prove nothing."""
    assert len(POOLS) >= 23
    assert len(SAMPLED) == 3
    assert len(GEMM) >= 11
    assert len(CONV) >= 6
    assert len(CONV_TRANSPOSE) >= 11
    assert len(RESIZE) == 2


@pytest.mark.parametrize("case", CONV, ids=lambda case: case.name)
def test_conv_is_onnxs(case):
    """Pads, strides and auto_pad give ONNX's numbers, which float32 holds exactly."""
    (x, kernel), (y,), attributes = read(case)
    sizes = zip(x.shape[2:], kernel.shape[2:], *axes(attributes, kernel), strict=True)
    pads = [
        conv_pads(*size, attributes.get("auto_pad", "NOTSET"), given)
        for size, given in zip(sizes, given_pads(attributes, kernel), strict=True)
    ]
    found = oracle.conv(x, spatial_first(kernel), pads=tuple(pads), **shared(attributes, kernel))
    np.testing.assert_array_equal(found, y)


@pytest.mark.parametrize("case", CONV_TRANSPOSE, ids=lambda case: case.name)
def test_conv_transpose_is_onnxs(case):
    """Output shapes, output padding, groups and auto_pad give ONNX's numbers, exactly."""
    (x, kernel), (y,), attributes = read(case)
    rank = kernel.ndim - 2
    sizes = zip(
        x.shape[2:],
        kernel.shape[2:],
        *axes(attributes, kernel),
        attributes.get("output_padding", [0] * rank),
        attributes.get("output_shape", [None] * rank),
        given_pads(attributes, kernel),
        strict=True,
    )
    rule = attributes.get("auto_pad", "NOTSET")
    lows_and_outputs = [transpose_low_and_output(*size, rule) for size in sizes]
    reached = zip(x.shape[2:], kernel.shape[2:], *axes(attributes, kernel), strict=True)
    pads = tuple(
        (low, (cells - 1) * stride + (taps - 1) * rate + 1 - output - low)
        for (cells, taps, stride, rate), (low, output) in zip(
            reached, lows_and_outputs, strict=True
        )
    )
    found = oracle.conv_transpose(
        x,
        spatial_first(kernel),
        pads=pads,
        output_size=tuple(output for _, output in lows_and_outputs),
        **shared(attributes, kernel),
    )
    np.testing.assert_array_equal(found, y)


@pytest.mark.parametrize("case", RESIZE, ids=lambda case: case.name)
def test_upsample_is_onnxs_resize(case):
    """Nearest cells and 'half_pixel' interpolation by whole factors are ONNX's."""
    (x, scales), (y,), attributes = read(case)
    found = oracle.upsample(
        x,
        tuple(int(scale) for scale in scales[2:]),
        interpolation={"nearest": "nearest", "linear": "bilinear"}[attributes["mode"]],
        channels_last=False,
    )
    np.testing.assert_allclose(found, y, rtol=1e-6)


@pytest.mark.parametrize("case", POOLS, ids=lambda case: case.name)
def test_pool_is_onnxs(case):
    """Pads, strides, auto_pad and counted pads give ONNX's maxima and averages."""
    (x,), (y, *_), attributes = read(case)
    size = attributes["kernel_shape"]
    strides = attributes.get("strides", [1] * len(size))
    rule = attributes.get("auto_pad", "NOTSET")
    given = attributes.get("pads", [0] * 2 * len(size))
    pairs = zip(given[: len(size)], given[len(size) :], strict=True)
    axes_of_all = zip(x.shape[2:], size, strides, pairs, strict=True)
    found = oracle.pool(
        x,
        kind="max" if case.model.graph.node[0].op_type == "MaxPool" else "average",
        size=tuple(size),
        strides=tuple(strides),
        pads=tuple(conv_pads(n, taps, s, 1, rule, pair) for n, taps, s, pair in axes_of_all),
        counts_pads=bool(attributes.get("count_include_pad", 0)),
        channels_last=False,
    )
    np.testing.assert_allclose(found, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", SAMPLED, ids=lambda case: case.name)
def test_resize_is_onnxs(case):
    """Its nearest cells, its linear interpolation of half pixels and of aligned corners."""
    inputs, (y,), attributes = read(case)
    found = oracle.resize(
        inputs[0],
        output_size=y.shape[2:],
        interpolation={"nearest": "nearest", "linear": "bilinear"}[attributes["mode"]],
        coordinates={"half_pixel": "half_pixel", "align_corners": "corners"}[
            attributes.get("coordinate_transformation_mode", "half_pixel")
        ],
        channels_last=False,
    )
    np.testing.assert_allclose(found, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", GEMM, ids=lambda case: case.name)
def test_dense_is_onnxs_gemm(case):
    """With its two factors and its transposed matrices, which the oracle does not have."""
    (a, b, *c), (y,), attributes = read(case)
    a = a.T if attributes.get("transA") else a
    b = b.T if attributes.get("transB") else b
    product = attributes.get("alpha", 1.0) * oracle.dense(a, b)
    found = product + attributes.get("beta", 1.0) * (c[0] if c else 0)
    np.testing.assert_allclose(found, y, rtol=1e-5, atol=1e-6)


def read(case):
    """Return a case's inputs, its outputs and its node's attributes as Python values."""
    [(inputs, outputs)] = case.data_sets
    attributes = {
        attribute.name: onnx.helper.get_attribute_value(attribute)
        for attribute in case.model.graph.node[0].attribute
    }
    words = {name: value.decode() for name, value in attributes.items() if isinstance(value, bytes)}
    return inputs, outputs, attributes | words


def axes(attributes, kernel):
    """Return the strides and the dilations, 1 where they are not given."""
    ones = [1] * (kernel.ndim - 2)
    return attributes.get("strides", ones), attributes.get("dilations", ones)


def given_pads(attributes, kernel):
    """Return (begin, end) for each axis: ONNX lists all the beginnings first."""
    rank = kernel.ndim - 2
    pads = attributes.get("pads", [0] * 2 * rank)
    return list(zip(pads[:rank], pads[rank:], strict=True))


def conv_pads(cells, taps, stride, rate, rule, given):
    """Return the pads of one axis of Conv: SAME_UPPER has the odd cell at the end."""
    if rule in ("NOTSET", "VALID"):
        return given
    output = -(-cells // stride)
    total = max((output - 1) * stride + (taps - 1) * rate + 1 - cells, 0)
    return halves(total, odd_at_end=rule == "SAME_UPPER")


def transpose_low_and_output(cells, taps, stride, rate, extra, output, given, rule):
    """Return the low pad and the output's size of one axis of ConvTranspose."""
    reached = stride * (cells - 1) + extra + (taps - 1) * rate + 1
    if rule.startswith("SAME"):
        output = cells * stride
    if output is None:
        return given[0], reached - sum(given)
    return halves(reached - output, odd_at_end=rule == "SAME_UPPER")[0], output


def halves(total, *, odd_at_end):
    """Return a total of cells cut in two."""
    return (total // 2, total - total // 2) if odd_at_end else (total - total // 2, total // 2)


def spatial_first(kernel):
    """Return ONNX's kernel, both channel axes first, with them last and exchanged."""
    return kernel.transpose(*range(2, kernel.ndim), 1, 0)


def shared(attributes, kernel):
    """Return the oracle's arguments that both operators have as attributes."""
    strides, dilation = axes(attributes, kernel)
    return {
        "strides": tuple(strides),
        "dilation": tuple(dilation),
        "groups": attributes.get("group", 1),
        "channels_last": False,
    }
