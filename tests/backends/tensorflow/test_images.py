"""TensorFlow's convolutions with gradients of our own: the adjoints, to the second order."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from convdispatch.ops import Conv, Signature
from convdispatch.registry import registry


@pytest.fixture
def tf(all_backends: tuple[str, ...]) -> Any:
    """Give TensorFlow, or skip where it is not among the backends under test."""
    if "tensorflow" not in all_backends:
        pytest.skip("its backend is not installed")
    return pytest.importorskip("tensorflow")


def integers(shape: tuple[int, ...], seed: int) -> Any:
    """Return small whole numbers, whose sums are exact in float32."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(np.float32)


def lowered(shape: tuple[int, ...], kernel: tuple[int, ...], groups: int = 1) -> Any:
    """Return the convolution without pads of channels-last images."""
    op = Conv(
        strides=(1, 1),
        pads=((0, 0), (0, 0)),
        dilation=(1, 1),
        groups=groups,
        channels_last=True,
        bias=False,
        activation="linear",
    )
    signature = Signature(input_shape=shape[1:], weight_shapes=(kernel,), dtype="float32")
    return registry.load("tensorflow").lower(op, signature)


@pytest.mark.parametrize("is_traced", [True, False])
@pytest.mark.parametrize("size", [2, 28], ids=["few cells", "many cells"])
def test_the_gradients_of_one_tap(tf: Any, size: int, is_traced: bool) -> None:
    """Two matrix products: g k^T and x^T g, over all cells."""
    x, kernel = integers((2, size, size, 3), 1), integers((1, 1, 3, 4), 2)
    cotangent = integers((2, size, size, 4), 3)
    conv = lowered(x.shape, kernel.shape)

    def gradients(x: Any, kernel: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch((x, kernel))
            y = conv(x, kernel)
        return tape.gradient(y, (x, kernel), tf.constant(cotangent))

    compute = tf.function(gradients, autograph=False) if is_traced else gradients
    of_x, of_kernel = compute(tf.constant(x), tf.constant(kernel))
    np.testing.assert_array_equal(of_x, cotangent @ kernel[0, 0].T)
    np.testing.assert_array_equal(of_kernel[0, 0], np.einsum("nhwi,nhwo->io", x, cotangent))


@pytest.mark.parametrize("is_a_processor", [True, False], ids=["processor", "accelerator"])
def test_an_accelerator_gets_the_framework_s_own(
    tf: Any, is_a_processor: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product is the faster gradient of one tap on processors, where that was measured."""
    images = importlib.import_module("convdispatch_tensorflow._images")
    assert images.is_a_processor() == (not tf.config.list_logical_devices("GPU"))
    monkeypatch.setattr(images, "is_a_processor", lambda: is_a_processor)
    x, kernel = integers((2, 28, 28, 3), 1), integers((1, 1, 3, 4), 2)
    conv = lowered(x.shape, kernel.shape)

    def gradient(x: Any, kernel: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            y = conv(x, kernel)
        return tape.gradient(y, kernel)

    traced = tf.function(gradient, autograph=False)
    graph = traced.get_concrete_function(tf.constant(x), tf.constant(kernel)).graph
    kinds = {op.type for op in graph.get_operations()}
    assert ("MatMul" in kinds, "Conv2DBackpropFilter" in kinds) == (
        is_a_processor,
        not is_a_processor,
    )


@pytest.mark.parametrize(
    ("shape", "kernel", "groups"),
    [((1, 28, 28, 2), (1, 1, 2, 3), 1), ((2, 5, 6, 4), (2, 3, 2, 6), 2)],
    ids=["one tap", "groups"],
)
def test_the_second_order(
    tf: Any, shape: tuple[int, ...], kernel: tuple[int, ...], groups: int
) -> None:
    """<x * k, c> is linear in x and in k: its derivative along both of them is itself."""
    conv = lowered(shape, kernel, groups)
    x, weights = tf.constant(integers(shape, 1)), tf.constant(integers(kernel, 2))
    cotangent = tf.constant(integers(tuple(conv(x, weights).shape), 3))

    @tf.function(autograph=False)
    def mixed(x: Any, weights: Any) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(weights)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(conv(x, weights) * cotangent)
            along_x = tf.reduce_sum(inner.gradient(value, x) * x)
        return value, along_x, tf.reduce_sum(outer.gradient(along_x, weights) * weights)

    value, first, second = (float(number) for number in mixed(x, weights))
    assert value != 0
    assert first == value
    assert second == value


def test_groups_are_convolved_in_one_call(tf: Any) -> None:
    """TensorFlow's kernel knows groups; only its gradients do not."""
    x, kernel = integers((1, 6, 6, 4), 1), integers((3, 3, 2, 6), 2)
    conv = tf.function(lowered(x.shape, kernel.shape, 2), autograph=False)
    graph = conv.get_concrete_function(tf.constant(x), tf.constant(kernel)).graph
    assert [op.type for op in graph.get_operations()].count("Conv2D") == 1


@pytest.mark.parametrize("is_compiled_by_xla", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize(
    ("size", "pads", "strides", "groups"),
    [
        ((6, 5), ((1, 1), (1, 1)), 1, 1),
        ((6, 5), ((0, 1), (2, 2)), 2, 2),
        ((6, 5), ((1, 1), (1, 1)), 1, 4),
        ((6, 5), ((1, 0), (0, 2)), 2, 4),
        ((7,), ((2, 0),), 1, 1),
        ((7,), ((1, 1),), 2, 4),
    ],
    ids=["same", "groups", "depthwise", "depthwise other", "causal", "depthwise line"],
)
def test_graphs_pad_as_calls_do(
    tf: Any,
    size: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    strides: int,
    groups: int,
    is_compiled_by_xla: bool,
) -> None:
    """Whole numbers, with a bias and gradients: graphs fuse kernels, and XLA has its own."""
    op = Conv(
        strides=(strides,) * len(size),
        pads=pads,
        dilation=(1,) * len(size),
        groups=groups,
        channels_last=True,
        bias=True,
        activation="relu",
    )
    kernel = integers((*(3 for _ in size), 4 // groups, 4), 2)
    signature = Signature(
        input_shape=(*size, 4), weight_shapes=(kernel.shape, (4,)), dtype="float32"
    )
    conv = registry.load("tensorflow").lower(op, signature)

    def both(x: Any, kernel: Any, bias: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch((x, kernel, bias))
            y = conv(x, kernel, bias)
        return y, *tape.gradient(y, (x, kernel, bias))

    given = tf.constant(integers((2, *size, 4), 1)), tf.constant(kernel), tf.constant([1.0] * 4)
    traced = tf.function(both, autograph=False, jit_compile=is_compiled_by_xla)
    for found, want in zip(traced(*given), both(*given), strict=True):
        np.testing.assert_array_equal(found, want)
