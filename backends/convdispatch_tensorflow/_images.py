"""Convolutions of images by TensorFlow's kernel, and gradients that are better than its own.

A gradient of one's own costs 60 microseconds at every call outside `tf.function`.
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
    options = {"strides": [1, *strides, 1], "padding": "VALID"}
    back = [(-low, -high) for low, high in pads]

    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            read = pad(x, pads)
            of_x = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(read), filter=kernel, out_backprop=upstream, **options
            )
            of_kernel = tf.raw_ops.Conv2DBackpropFilter(
                input=read, filter_sizes=tf.shape(kernel), out_backprop=upstream, **options
            )
            return pad(of_x, back), of_kernel

        return forward(x, kernel), gradients

    differentiable: Product = tf.custom_gradient(convolve)
    return differentiable


def grouped_image_convolution(strides: Shape, groups: int, padding: str) -> Product:
    """Return TensorFlow's own convolution in groups, with the gradients of one convolution each.

    tensorflow 2.21 has none of its own on processors: conv2d of (1, 1, 1, 2) by (1, 1, 1, 2).
    """
    forward = image_convolution(strides, padding)
    options = {"strides": [1, *strides, 1], "padding": padding}

    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            of_x, of_kernel = [], []
            for read, filters, written in zip(
                *(tf.split(tensor, groups, -1) for tensor in (x, kernel, upstream)), strict=True
            ):
                of_x.append(
                    tf.raw_ops.Conv2DBackpropInput(
                        input_sizes=tf.shape(read), filter=filters, out_backprop=written, **options
                    )
                )
                of_kernel.append(
                    tf.raw_ops.Conv2DBackpropFilter(
                        input=read, filter_sizes=tf.shape(filters), out_backprop=written, **options
                    )
                )
            return tf.concat(of_x, -1), tf.concat(of_kernel, -1)

        return forward(x, kernel), gradients

    differentiable: Product = tf.custom_gradient(convolve)
    return differentiable


def pointwise_convolution(size: Shape) -> Product:
    """Return a convolution by one tap, without a stride, of images of that size."""
    forward = image_convolution((1, 1), "VALID")
    if math.prod(size) < WORTH_A_PRODUCT:
        return forward

    def convolve(x: Any, kernel: Any) -> tuple[Any, Callable[[Any], tuple[Any, Any]]]:
        def gradients(upstream: Any) -> tuple[Any, Any]:
            of_x = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(x),
                filter=kernel,
                out_backprop=upstream,
                strides=[1, 1, 1, 1],
                padding="VALID",
            )
            read, written = (tf.reshape(cells, (-1, cells.shape[-1])) for cells in (x, upstream))
            of_kernel = tf.matmul(read, written, transpose_a=True)
            return of_x, tf.reshape(of_kernel, kernel.shape)

        return forward(x, kernel), gradients

    differentiable: Product = tf.custom_gradient(convolve)
    return lambda x, kernel: (forward if tf.executing_eagerly() else differentiable)(x, kernel)
