"""From each op to a TensorFlow function."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import Conv, ConvTranspose, Op, Pad, Shape, Signature, Upsample
from convdispatch_tensorflow import _cells
from convdispatch_tensorflow._convolve import convolution, transposed_convolution
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import ACTIVATIONS
from convdispatch_tensorflow._precision import HALF, rounded_once
from convdispatch_tensorflow._samples import Product

Array = npt.NDArray[Any]


@singledispatch
def lower(op: Op, signature: Signature) -> Callable[..., Any]:
    """Return the TensorFlow function that computes `op`."""
    raise UnsupportedOp(
        f"the backend 'tensorflow' has no op {type(op).__name__!r}: it is older than the frontend."
    )


@lower.register
def _lower_conv(op: Conv, signature: Signature) -> Callable[..., Any]:
    size = _spatial(signature.input_shape, channels_last=op.channels_last)
    return _with_epilogue(convolution(op, signature.weight_shapes[0], size), op, signature)


@lower.register
def _lower_conv_transpose(op: ConvTranspose, signature: Signature) -> Callable[..., Any]:
    read = _spatial(signature.input_shape, channels_last=op.channels_last)
    product = transposed_convolution(op, signature.weight_shapes[0], read)
    return _with_epilogue(product, op, signature)


@lower.register
def _lower_pad(op: Pad, signature: Signature) -> Callable[..., Any]:
    first = 1 if op.channels_last else 2
    pads = [(0, 0)] * first + [*op.pads] + [(0, 0)] * (2 - first)
    return lambda x: _cells.pad(x, pads)


@lower.register
def _lower_upsample(op: Upsample, signature: Signature) -> Callable[..., Any]:
    first = 1 if op.channels_last else 2
    if op.interpolation == "nearest":
        # Copying is exact, but its gradient adds up.
        return rounded_once(lambda x: _cells.repeat_cells(x, op.factors, first_axis=first))
    sizes = _spatial(signature.input_shape, channels_last=op.channels_last)
    grids = [_grid(*pair) for pair in zip(sizes, op.factors, strict=True)]

    def bilinear(x: Any) -> Any:
        for axis, (below, above, share) in enumerate(grids, first):
            # The grid stays NumPy's: a constant made during one trace is no good in another.
            weight = tf.constant(share.reshape(-1, *[1] * (3 - axis)), x.dtype)
            x = (
                tf.gather(x, below, axis=axis) * (1 - weight)
                + tf.gather(x, above, axis=axis) * weight
            )
        return x

    return rounded_once(bilinear)


def _with_epilogue(
    product: Product, op: Conv | ConvTranspose, signature: Signature
) -> Callable[..., Any]:
    """Wrap a channels-last product in what the op says of layout, bias and activation."""
    activation = None if op.activation == "linear" else ACTIVATIONS[op.activation]
    add_bias = tf.raw_ops.BiasAdd
    channels_last = op.channels_last
    rank = len(op.strides)
    to_channels_last = (0, *range(2, rank + 2), 1)
    to_channels_first = (0, rank + 1, *range(1, rank + 1))

    def conv(x: Any, kernel: Any, bias: Any = None) -> Any:
        # tensorflow 2.21 convolves channels first on accelerators only.
        y = product(x if channels_last else tf.transpose(x, to_channels_last), kernel)
        if bias is not None:
            y = add_bias(value=y, bias=bias)
        if activation is not None:
            y = activation(y)
        return y if channels_last else tf.transpose(y, to_channels_first)

    return rounded_once(conv) if signature.dtype in HALF else conv


def _spatial(input_shape: Shape, *, channels_last: bool) -> Shape:
    return input_shape[:-1] if channels_last else input_shape[1:]


def _grid(size: int, factor: int) -> tuple[Array, Array, Array]:
    """Return, for each output cell, the cells below and above it and the share of the latter."""
    centres = (np.arange(size * factor) + 0.5) / factor - 0.5
    below = np.floor(centres).astype(int)
    return below.clip(0, size - 1), (below + 1).clip(0, size - 1), centres - below
