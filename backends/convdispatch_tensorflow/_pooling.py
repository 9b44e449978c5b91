"""Pooling by TensorFlow's kernels of images.

Slices and their maxima, which need no exceptions, take five times as long; sums of slices, fifty.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convdispatch import kit
from convdispatch.ops import Conv, Pool, Shape, Signature
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS
from convdispatch_tensorflow._images import Pads, pad, window_of

Function = Callable[[Any], Any]


def pooling(op: Pool, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the function that computes the op."""
    if None in signature.input_shape:
        return kit.derived(op, signature, backend)
    if op.kind == "max":
        pool = kit.channels_last(_largest(op, signature), op, tf.transpose)
    elif len(op.size) == 3:  # tensorflow 2.21 has no AvgPool3D of float64
        return kit.derived(op, signature, backend)
    elif op.kind == "average" and np.all(kit.divisors(op, signature) == math.prod(op.size)):
        pool = kit.channels_last(_averages(op, signature), op, tf.transpose)
    else:
        pool = _sums(op, signature, backend)
    return kit.rounded_once(pool, signature.dtype, tf.cast)


def _averages(op: Pool, signature: Signature) -> Function:
    pads = [axis.fitted for axis in kit.axes(op, signature)]
    return lambda x: tf.nn.avg_pool(pad(x, pads), op.size, op.strides, "VALID")


def _sums(op: Pool, signature: Signature, backend: kit.Primitives) -> Function:
    """Return the sums, or the averages of windows of unequal size: depthwise, by ones."""
    channels = kit.channels(op, signature)
    ones = (*op.size, 1, channels)
    dtype = kit.computed_in(signature.dtype)
    conv = Conv(
        strides=op.strides,
        pads=op.pads,
        dilation=(1,) * len(op.size),
        groups=channels,
        channels_last=op.channels_last,
        bias=False,
        activation="linear",
    )
    add = backend.lower(
        conv, Signature(input_shape=signature.input_shape, weight_shapes=(ones,), dtype=dtype)
    )
    if op.kind == "sum":
        return lambda x: add(x, tf.ones(ones, dtype))
    by = kit.divisors(op, signature)
    return lambda x: add(x, tf.ones(ones, dtype)) / tf.cast(by, dtype)


def _largest(op: Pool, signature: Signature) -> Function:
    """Return max pooling: of images of rows and columns, then of a third axis as their rows."""
    axes = kit.axes(op, signature)
    channels = kit.channels(op, signature)
    windows = [(axis.size, axis.taps, axis.stride, axis.fitted) for axis in axes]
    first = [(1, 1, 1, (0, 0)), *windows][-2:]  # a line is an image of one row
    steps = [_step(first, channels)]
    if len(axes) == 3:
        cells = axes[1].count * axes[2].count
        steps.append(_step([windows[0], (cells, 1, 1, (0, 0))], channels))
    result = (-1, *(axis.count for axis in axes), channels)

    def pool(x: Any) -> Any:
        for shape, of_images in steps:
            x = of_images(tf.reshape(x, shape))
        return tf.reshape(x, result)

    return pool


def _step(windows: Sequence[tuple[int, int, int, tuple[int, int]]], channels: int) -> Any:
    sizes, taps, strides, pads = zip(*windows, strict=True)
    return (-1, *sizes, channels), _largest_of_images(taps, strides, pads)


def _largest_of_images(size: Shape, strides: Shape, pads: Pads) -> Function:
    where = FUNCTIONS["where"]
    window: dict[str, Any] = window_of(strides, "VALID") | {"ksize": [1, *size, 1]}
    cropped = [(min(low, 0), min(high, 0)) for low, high in pads]
    around = [(max(low, 0), max(high, 0)) for low, high in pads]

    def native(x: Any) -> tuple[Any, Any]:
        """Return the cells that are read, and their maxima."""
        if any(map(any, around)):
            lowest = tf.constant(-math.inf, x.dtype)
            x = tf.pad(x, [(0, 0), *around, (0, 0)], constant_values=lowest)
        return x, tf.raw_ops.MaxPool(input=x, **window)

    # tensorflow 2.21 leaves NaN out of a maximum, and that of -inf is the lowest finite number.
    def careful(x: Any) -> Any:
        is_nan = tf.math.is_nan(x)
        kinds = tf.cast(x > -math.inf, x.dtype) + 2 * tf.cast(is_nan, x.dtype)
        _, kind = native(kinds)
        return where(kind > 1, math.nan, where(kind > 0, native(x)[1], -math.inf))

    def ordered(x: Any) -> Any:
        # So NaN is the largest, and a pad the smallest: oneDNN's kernel, which graphs use,
        # takes the first cell if none is above the lowest finite number.
        limits = np.finfo(x.dtype.as_numpy_dtype)
        finite = tf.clip_by_value(x, np.nextafter(limits.min, limits.max), limits.max)
        return where(tf.math.is_nan(x), math.inf, finite)

    def backward(x: Any, upstream: Any) -> Any:
        # The maxima anew: beside them, in one graph, oneDNN finds their cells in half the time.
        read, largest = native(x)
        return tf.raw_ops.MaxPoolGrad(orig_input=read, orig_output=largest, grad=upstream, **window)

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def pool(x: Any) -> Any:
        # TensorFlow's kernels alone are right for numbers that are finite and not the lowest one.
        # This sum of squares is finite only for such; where it is not, the result is the same.
        is_plain = tf.math.is_finite(tf.nn.l2_loss(x))
        y = tf.cond(is_plain, lambda: native(x)[1], lambda: careful(x))

        def gradient(upstream: Any) -> Any:
            found = tf.cond(
                is_plain, lambda: backward(x, upstream), lambda: backward(ordered(x), upstream)
            )
            return pad(found, [(-low, -high) for low, high in around])

        return y, gradient

    return lambda x: pool(pad(tf.convert_to_tensor(x), cropped))
