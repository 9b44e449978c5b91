"""Convolutions of images by TensorFlow's kernel, and gradients that are better than its own.

A gradient of one's own costs 60 to 110 microseconds at every call outside `tf.function`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.ops import Shape
from convdispatch_tensorflow._cells import pad
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._samples import Product

# Cells of an image from which a matrix product is the faster gradient of a kernel of one tap, by
# 1.2 to 1.6 times.
WORTH_A_PRODUCT = 784


def is_a_processor() -> bool:
    """Say whether TensorFlow computes on a processor: where it sees an accelerator, it does not."""
    return all(device.device_type == "CPU" for device in tf.config.list_logical_devices())


def image_convolution(strides: Shape, padding: str) -> Product:
    convolve = tf.raw_ops.Conv2D  # `tf.nn.conv2d` looks at its arguments first, at every call
    steps = [1, *strides, 1]
    return lambda x, kernel: convolve(input=x, filter=kernel, strides=steps, padding=padding)


def convolution_of_all(strides: Shape, pads: Sequence[tuple[int, int]]) -> Product:
    """Return a convolution that is given all cells, while its gradients are given the padded ones.

    A copy of the image takes longer than some convolutions, and mostly no gradient is wanted.
    """
    forward = image_convolution(strides, "VALID")
    if not any(map(any, pads)):
        return forward
    back = [(-low, -high) for low, high in pads]

    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            read = pad(x, pads)
            of_x, of_kernel = _gradients(read, kernel, upstream, strides, "VALID")
            return pad(of_x, back), of_kernel

        return forward(x, kernel), gradients

    return _with_gradients(convolve)


def grouped_image_convolution(strides: Shape, groups: int, padding: str) -> Product:
    """Return TensorFlow's own convolution in groups, with the gradients of one convolution each.

    tensorflow 2.21 has none of its own on processors: conv2d of (1, 1, 1, 2) by (1, 1, 1, 2).
    """
    forward = image_convolution(strides, padding)

    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            split = (tf.split(tensor, groups, -1) for tensor in (x, kernel, upstream))
            pairs = [
                _gradients(read, filters, written, strides, padding)
                for read, filters, written in zip(*split, strict=True)
            ]
            of_x, of_kernel = (tf.concat(parts, -1) for parts in zip(*pairs, strict=True))
            return of_x, of_kernel

        return forward(x, kernel), gradients

    return _with_gradients(convolve)


def pointwise_convolution(size: Shape) -> Product:
    """Return a convolution by one tap, without a stride, of images of that size."""
    forward = image_convolution((1, 1), "VALID")
    if math.prod(size) < WORTH_A_PRODUCT:
        return forward

    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            of_x = _gradient_of_input(x, kernel, upstream, (1, 1), "VALID")
            read, written = (tf.reshape(cells, (-1, cells.shape[-1])) for cells in (x, upstream))
            of_kernel = tf.matmul(read, written, transpose_a=True)
            return of_x, tf.reshape(of_kernel, kernel.shape)

        return forward(x, kernel), gradients

    differentiable = _with_gradients(convolve)

    def pointwise(x: Any, kernel: Any) -> Any:
        # For the sake of time alone: so an accelerator gets TensorFlow's own gradient.
        is_worth_it = not tf.executing_eagerly() and is_a_processor()
        return (differentiable if is_worth_it else forward)(x, kernel)

    return pointwise


def _with_gradients(convolve: Callable[[Any, Any], tuple[Any, Any]]) -> Product:
    """Return the function whose gradients are those that `convolve` returns with its result."""
    differentiable: Product = tf.custom_gradient(convolve)

    def convolve_tensors(x: Any, kernel: Any) -> Any:
        # Given a variable, `custom_gradient` takes 35 microseconds longer than for its value.
        return differentiable(x, kernel.value() if isinstance(kernel, tf.Variable) else kernel)

    return convolve_tensors


def _gradients(x: Any, kernel: Any, upstream: Any, strides: Shape, padding: str) -> tuple[Any, Any]:
    """Return TensorFlow's gradients of a convolution in one group, for the input and the kernel."""
    of_kernel = tf.raw_ops.Conv2DBackpropFilter(
        input=x,
        filter_sizes=tf.shape(kernel),
        out_backprop=upstream,
        strides=[1, *strides, 1],
        padding=padding,
    )
    return _gradient_of_input(x, kernel, upstream, strides, padding), of_kernel


def _gradient_of_input(x: Any, kernel: Any, upstream: Any, strides: Shape, padding: str) -> Any:
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=tf.shape(x),
        filter=kernel,
        out_backprop=upstream,
        strides=[1, *strides, 1],
        padding=padding,
    )
