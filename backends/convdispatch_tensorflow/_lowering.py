"""From each op to a TensorFlow function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from convdispatch import kit
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pool,
    Resize,
    Signature,
    Upsample,
    known_sizes,
)
from convdispatch_tensorflow._convolve import convolution, transposed_convolution
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS
from convdispatch_tensorflow._pooling import pooling
from convdispatch_tensorflow._samples import Product


def lower(op: Op, signature: Signature, backend: kit.Primitives) -> Callable[..., Any]:
    """Return the TensorFlow function that computes `op`."""
    if isinstance(op, Conv):
        return _finished(convolution(op, signature), op, signature)
    # tensorflow 2.21 has no dilated transposed convolution on processors in float64, nor in any
    # type without oneDNN: conv2d_transpose of (1, 1, 1, 1) by (2, 2, 1, 1), dilations=2.
    if isinstance(op, ConvTranspose) and max(op.dilation) == 1:
        return _finished(transposed_convolution(op, signature), op, signature)
    if isinstance(op, Dense):
        return _finished(FUNCTIONS["matmul"], op, signature)
    if isinstance(op, Upsample) and None in signature.input_shape:
        return kit.derived(op, signature, backend)
    if isinstance(op, Pool):
        return pooling(op, signature, backend)
    if isinstance(op, Upsample) and op.interpolation == "nearest":
        return kit.rounded_once(_repeating(op, signature), signature.dtype, tf.cast)
    if isinstance(op, Upsample | Resize) and op.interpolation == "bilinear":
        return kit.rounded_once(_interpolating(op, signature), signature.dtype, tf.cast)
    return kit.derived(op, signature, backend)


def _repeating(op: Upsample, signature: Signature) -> Callable[[Any], Any]:
    """Return the function that repeats cells: in half the time of one that takes them."""
    shape, steps = list(known_sizes(signature.input_shape)), []
    for index, factor in enumerate(op.factors, kit.first_spatial_axis(op) - 1):
        rows = (-1, 1, math.prod(shape[index + 1 :]))
        shape[index] *= factor
        steps.append((rows, (1, factor, 1), (-1, *shape)))

    def nearest(x: Any) -> Any:
        for rows, times, enlarged in steps:
            x = tf.reshape(tf.tile(tf.reshape(x, rows), times), enlarged)
        return x

    return nearest


def _interpolating(op: Upsample | Resize, signature: Signature) -> Callable[[Any], Any]:
    """Return the function that gathers two cells a sample: in two thirds of the kit's time."""
    first, rank = kit.first_spatial_axis(op), len(signature.input_shape) + 1
    grids = list(enumerate(kit.samples(op, signature), first))

    def bilinear(x: Any) -> Any:
        for axis, grid in grids:
            # The grid stays a NumPy array, because a constant of one trace cannot be used in
            # another.
            share = tf.constant(grid.share.reshape(-1, *[1] * (rank - 1 - axis)), x.dtype)
            below, above = tf.gather(x, grid.below, axis=axis), tf.gather(x, grid.above, axis=axis)
            x = below * (1 - share) + above * share
        return x

    return bilinear


def _finished(
    product: Product, op: Conv | ConvTranspose | Dense, signature: Signature
) -> Callable[..., Any]:
    """Add the op's layout, bias and activation to a channels-last product."""
    activation = None if op.activation == "linear" else FUNCTIONS[op.activation]
    add_bias = tf.raw_ops.BiasAdd  # the gradient of `+` takes longer
    channels_last = isinstance(op, Dense) or op.channels_last
    to_last, to_first = kit.permutations(len(signature.input_shape) - 1)

    def compute(x: Any, kernel: Any, bias: Any = None) -> Any:
        # tensorflow 2.21 convolves channels first on accelerators only.
        y = product(x if channels_last else tf.transpose(x, to_last), kernel)
        if bias is not None:
            y = add_bias(value=y, bias=bias)
        if activation is not None:
            y = activation(y)
        return y if channels_last else tf.transpose(y, to_first)

    return kit.rounded_once(compute, signature.dtype, tf.cast)
