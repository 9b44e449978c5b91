"""Convolutions of images by TensorFlow's kernels, and gradients that are better than its own.

A gradient of one's own costs 60 to 110 microseconds at every call outside `tf.function`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.ops import Conv, PartialShape, Shape
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._samples import Product

Pads = Sequence[tuple[int, int]]

# Cells of an image from which a matrix product is the faster gradient of a kernel of one tap, by
# 1.2 to 1.6 times.
WORTH_A_PRODUCT = 784


def is_a_processor() -> bool:
    """Say whether TensorFlow computes on a processor: where it sees an accelerator, it does not."""
    return all(device.device_type == "CPU" for device in tf.config.list_logical_devices())


def pad(x: Any, pads: Pads) -> Any:
    """Add zeros at (low, high) of each spatial axis of a channels-last tensor, or remove cells."""
    grow = [(0, 0), *[(max(low, 0), max(high, 0)) for low, high in pads], (0, 0)]
    # Zeros first: a crop may be longer than the data and reach into the other side's zeros.
    if any(map(any, grow)):
        # tensorflow 2.21 fuses the kernel Pad into Conv3D and logs "remapper failed" where a
        # gradient needs both: a tape around tf.function(conv3d(tf.pad(x, ...))). A tensor of zeros
        # means PadV2.
        x = tf.pad(x, grow, constant_values=0 if len(grow) < 5 else tf.zeros((), x.dtype))
    if min(map(min, pads)) >= 0:
        return x
    # A stop of -0 would leave nothing.
    return x[(slice(None), *(slice(max(-low, 0), min(high, 0) or None) for low, high in pads))]


def window_of(strides: Shape, padding: str) -> dict[str, Any]:
    """Return the arguments that TensorFlow's kernels take for them."""
    return {"strides": [1, *strides, 1], "padding": padding}


def image_convolution(strides: Shape, padding: str) -> Product:
    """Return the convolution; the kernel may have groups."""
    convolve = tf.raw_ops.Conv2D  # `tf.nn.conv2d` looks at its arguments first, at every call
    window = window_of(strides, padding)
    return lambda x, kernel: convolve(input=x, filter=kernel, **window)


def depthwise_image_convolution(op: Conv, strides: Shape, padding: str) -> Product:
    """Return the convolution in as many groups as channels; the strides are equal."""
    # `tf.nn.depthwise_conv2d` dilates by reordering cells, and looks at its arguments at each call.
    convolve, window = tf.raw_ops.DepthwiseConv2dNative, window_of(strides, padding)

    def depthwise(x: Any, kernel: Any) -> Any:
        *taps, _, filters = kernel.shape
        kernel = tf.reshape(kernel, (*taps, op.groups, filters // op.groups))
        if max(op.dilation) > 1:
            return tf.nn.depthwise_conv2d(x, kernel, **window, dilations=op.dilation)
        return convolve(input=x, filter=kernel, **window)

    return depthwise


def convolution_of_all(strides: Shape, pads: Pads) -> Product:
    """Return a convolution that is given all cells, while its gradients are given the cropped ones.

    A copy of the image takes longer than some convolutions, and mostly no gradient is wanted.
    """
    window = window_of(strides, "VALID")

    def gradients(x: Any, kernel: Any, upstream: Any) -> tuple[Any, Any]:
        of_x, of_kernel = _gradients(pad(x, pads), kernel, upstream, window=window)
        return pad(of_x, [(-low, -high) for low, high in pads]), of_kernel

    return _with_gradients(image_convolution(strides, "VALID"), gradients)


def grouped_image_convolution(strides: Shape, groups: int, padding: str) -> Product:
    """Return TensorFlow's own convolution in groups, with the gradients of one convolution each.

    tensorflow 2.21 has none of its own on processors: conv2d of (1, 1, 1, 2) by (1, 1, 1, 2).
    """
    window = window_of(strides, padding)

    def gradients(*tensors: Any) -> tuple[Any, Any]:
        split = (tf.split(tensor, groups, -1) for tensor in tensors)
        pairs = [_gradients(*one, window=window) for one in zip(*split, strict=True)]
        of_x, of_kernel = (tf.concat(parts, -1) for parts in zip(*pairs, strict=True))
        return of_x, of_kernel

    return _with_gradients(image_convolution(strides, padding), gradients)


def pointwise_convolution(sizes: PartialShape) -> Product:
    """Return a convolution by one tap, without a stride, of images of that size."""
    forward, window = image_convolution((1, 1), "VALID"), window_of((1, 1), "VALID")
    if math.prod(size or 0 for size in sizes) < WORTH_A_PRODUCT:
        return forward

    def gradients(x: Any, kernel: Any, upstream: Any) -> tuple[Any, Any]:
        read, written = (tf.reshape(cells, (-1, cells.shape[-1])) for cells in (x, upstream))
        of_kernel = tf.reshape(tf.matmul(read, written, transpose_a=True), kernel.shape)
        return _gradient_of_input(x, kernel, upstream, window), of_kernel

    differentiable = _with_gradients(forward, gradients)

    def pointwise(x: Any, kernel: Any) -> Any:
        # For the sake of time alone: so an accelerator gets TensorFlow's own gradient.
        is_worth_it = not tf.executing_eagerly() and is_a_processor()
        return (differentiable if is_worth_it else forward)(x, kernel)

    return pointwise


def _with_gradients(forward: Product, gradients: Callable[..., tuple[Any, Any]]) -> Product:
    """Return `forward`, whose gradients are those that `gradients(x, kernel, upstream)` returns."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        return forward(x, kernel), lambda upstream: gradients(x, kernel, upstream)

    def convolve_tensors(x: Any, kernel: Any) -> Any:
        # Given a variable, `custom_gradient` takes 35 microseconds longer than for its value.
        return convolve(x, kernel.value() if isinstance(kernel, tf.Variable) else kernel)

    return convolve_tensors


def _gradients(x: Any, kernel: Any, upstream: Any, *, window: dict[str, Any]) -> tuple[Any, Any]:
    """Return TensorFlow's gradients of a convolution in one group, for the input and the kernel."""
    of_kernel = tf.raw_ops.Conv2DBackpropFilter(
        input=x, filter_sizes=tf.shape(kernel), out_backprop=upstream, **window
    )
    return _gradient_of_input(x, kernel, upstream, window), of_kernel


def _gradient_of_input(x: Any, kernel: Any, upstream: Any, window: dict[str, Any]) -> Any:
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=tf.shape(x), filter=kernel, out_backprop=upstream, **window
    )
