"""From each op to a TensorFlow function."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.ops import Conv, ConvTranspose, Op, Pad, Shape, Signature, Upsample
from convdispatch_tensorflow import _cells
from convdispatch_tensorflow._convolve import Product, convolution, transposed_convolution
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS
from convdispatch_tensorflow._precision import rounded_once


@singledispatch
def lower(op: Op, signature: Signature) -> Callable[..., Any]:
    """Return the TensorFlow function that computes `op`."""
    raise NotImplementedError(type(op).__name__)


@lower.register
def _lower_conv(op: Conv, signature: Signature) -> Callable[..., Any]:
    size = _spatial(signature.input_shape, channels_last=op.channels_last)
    return _with_epilogue(convolution(op, signature.weight_shapes[0], size), op)


@lower.register
def _lower_conv_transpose(op: ConvTranspose, signature: Signature) -> Callable[..., Any]:
    read = _spatial(signature.input_shape, channels_last=op.channels_last)
    return _with_epilogue(transposed_convolution(op, signature.weight_shapes[0], read), op)


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
    rows, columns = (_linear_weights(*pair) for pair in zip(sizes, op.factors, strict=True))
    letters = "nhwc" if op.channels_last else "nchw"
    to_rows = f"{letters},Hh->{letters.replace('h', 'H')}"
    to_columns = f"{letters},Ww->{letters.replace('w', 'W')}"

    def bilinear(x: Any) -> Any:
        # The weights stay NumPy's: a constant made during one trace is no good in another.
        tall = tf.einsum(to_rows, x, tf.constant(rows, x.dtype))
        return tf.einsum(to_columns, tall, tf.constant(columns, x.dtype))

    return rounded_once(bilinear)


def _with_epilogue(product: Product, op: Conv | ConvTranspose) -> Callable[..., Any]:
    """Wrap a channels-last product in what the op says of layout, bias and activation."""
    activation = FUNCTIONS[op.activation]
    rank = len(op.strides)
    to_channels_last = (0, *range(2, rank + 2), 1)
    to_channels_first = (0, rank + 1, *range(1, rank + 1))

    def conv(x: Any, kernel: Any, *bias: Any) -> Any:
        # tensorflow 2.21 convolves channels first on accelerators only.
        y = product(x if op.channels_last else tf.transpose(x, to_channels_last), kernel)
        y = activation(y + bias[0] if op.bias else y)
        return y if op.channels_last else tf.transpose(y, to_channels_first)

    return rounded_once(conv)


def _spatial(input_shape: Shape, *, channels_last: bool) -> Shape:
    return input_shape[:-1] if channels_last else input_shape[1:]


def _linear_weights(size: int, factor: int) -> npt.NDArray[np.float64]:
    """Return the (size * factor, size) matrix that interpolates between cell centres."""
    centres = (np.arange(size * factor) + 0.5) / factor - 0.5
    below = np.floor(centres).astype(int)
    share = centres - below
    matrix = np.zeros((size * factor, size))
    rows = np.arange(size * factor)
    np.add.at(matrix, (rows, np.clip(below, 0, size - 1)), 1 - share)
    np.add.at(matrix, (rows, np.clip(below + 1, 0, size - 1)), share)
    return matrix
