"""From each op to a TensorFlow function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Dense, Op, Pool, Signature, Upsample
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
    if isinstance(op, Pool):
        return pooling(op, signature, backend)
    if isinstance(op, Upsample) and op.interpolation == "nearest":
        # The gradient of taken cells takes twice as long.
        repeat = kit.enlarging(op, FUNCTIONS)
        return kit.rounded_once(repeat, signature.dtype, tf.cast)
    return kit.derived(op, signature, backend)


def _finished(
    product: Product, op: Conv | ConvTranspose | Dense, signature: Signature
) -> Callable[..., Any]:
    """Add the op's layout, bias and activation to a channels-last product."""
    activation = None if op.activation == "linear" else FUNCTIONS[op.activation]
    add_bias = tf.raw_ops.BiasAdd  # the gradient of `+` takes longer

    def compute(x: Any, kernel: Any, bias: Any = None) -> Any:
        y = product(x, kernel)
        if bias is not None:
            y = add_bias(value=y, bias=bias)
        return y if activation is None else activation(y)

    if not isinstance(op, Dense):
        # tensorflow 2.21 convolves channels first on accelerators only.
        compute = kit.channels_last(compute, op, tf.transpose)
    return kit.rounded_once(compute, signature.dtype, tf.cast)
