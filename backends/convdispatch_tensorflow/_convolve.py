"""Channels-last convolutions, each composed of TensorFlow kernels that have gradients.

Its processor kernels are right for images where nothing is both strided and dilated, and nothing
cropped. The functions here bring every other convolution to such a form, the same in each element
type.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Shape, Signature
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS
from convdispatch_tensorflow._images import (
    Pads,
    convolution_of_all,
    depthwise_image_convolution,
    grouped_image_convolution,
    image_convolution,
    pad,
    pointwise_convolution,
)
from convdispatch_tensorflow._samples import Product, never_empty

Axes = tuple[kit.Window, ...]

_LAYOUTS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def convolution(op: Conv, signature: Signature) -> Product:
    """Return the convolution of a channels-last tensor."""
    axes, kernel_shape = kit.windows(op, signature), signature.weight_shapes[0]
    strides = _strides_that_matter(axes)
    unpadded = ((0, 0),) * len(axes)
    if None in signature.input_shape and max(strides) > 1:
        product = _product(op, kernel_shape, op.strides, unpadded)
        return never_empty(_of_unknown_size(product, axes, kernel_shape[-2] * op.groups))
    # The last pad ends where the last tap does, for the sake of the gradients: oneDNN's float32
    # kernels of them in tensorflow 2.21 write outside their memory where a stride leaves cells
    # over. Those of conv2d of (1, 10, 9, 2) by (1, 1, 2, 2), strides=(1, 3), crash.
    pads = tuple(axis.fitted for axis in axes)
    is_pointwise = op.groups == max(*strides, *kernel_shape[:-2]) == 1
    if is_pointwise and len(axes) == 2 and pads == unpadded:
        return never_empty(pointwise_convolution(kit.partial_size(op, signature)))
    if min(map(min, pads)) >= 0:
        return never_empty(_product(op, kernel_shape, strides, pads))
    # A stride leaves fewer cells unread than its length; a larger number was cropped.
    is_left_over = all(
        low == 0 and -stride < high <= 0 for (low, high), stride in zip(pads, strides, strict=True)
    )
    if is_left_over and len(strides) == 2 and max(op.dilation) == op.groups == 1:
        return never_empty(convolution_of_all(strides, pads))
    product = _product(op, kernel_shape, strides, unpadded)
    return never_empty(lambda x, kernel: product(pad(x, pads), kernel))


def transposed_convolution(op: ConvTranspose, signature: Signature) -> Product:
    """Return the transposed convolution, not dilated, of a channels-last tensor."""
    axes = kit.windows(op, signature)
    strides = _strides_that_matter(axes)
    layout, sizes_of = _LAYOUTS[len(axes)], FUNCTIONS["shape"]
    # The adjoint of padding is cropping; where no tap reaches, the crop is negative.
    pads = [(-low, -high) for low, high in (axis.fitted for axis in axes)]

    def scatter(x: Any, kernel: Any) -> Any:
        batch, *sizes, _ = sizes_of(x)
        cells = (
            (size - 1) * axis.stride + axis.reach for size, axis in zip(sizes, axes, strict=True)
        )
        shape = (batch, *cells, kernel.shape[-2])
        return tf.nn.conv_transpose(x, kernel, shape, strides, "VALID", layout)

    product = _by_group(scatter, op.groups)
    return never_empty(lambda x, kernel: pad(product(x, kernel), pads))


def _of_unknown_size(product: Product, axes: Axes, channels: int) -> Product:
    """Return a convolution with strides, which cuts off what they leave unread as it is called."""
    fit = kit.fitting(axes, FUNCTIONS, channels_last=True)
    # See `_strides_that_matter`: a second channel of zeros avoids that kernel.
    around = [(0, 0)] * (len(axes) + 2)

    def convolve(x: Any, kernel: Any) -> Any:
        if channels > 1:
            return product(fit(x), kernel)
        zeros = tf.pad(kernel, [*around[2:], (0, 1), (0, 0)])
        return product(tf.pad(fit(x), [*around[1:], (0, 1)]), zeros)

    return convolve


def _strides_that_matter(axes: Axes) -> Shape:
    # oneDNN's float32 kernel in tensorflow 2.21 computes wrong numbers where one input channel is
    # strided to a width of one cell: conv2d of (2, 2, 2, 1) by (1, 2, 1, 1), strides=(1, 3).
    # One cell needs no stride.
    return tuple(
        1 if isinstance(axis, kit.Axis) and axis.count == 1 else axis.stride for axis in axes
    )


def _product(op: Conv, kernel_shape: Shape, strides: Shape, pads: Pads) -> Product:
    """Return the convolution with these strides, and zeros that end where the last tap does."""
    *taps, channels, _ = kernel_shape
    is_depthwise = op.groups > 1 and channels == 1 and len(strides) < 3
    # tensorflow 2.21 refuses a stride together with a dilation, and to depthwise_conv2d unequal
    # strides: (1, 5, 5, 1) float64 by strides (1, 2). Compute each cell and keep every n-th.
    is_native = max(strides) == 1 or max(op.dilation) == 1
    if is_depthwise:
        is_native = is_native and len(set(strides)) == 1
    if not is_native:
        every = _product(op, kernel_shape, (1,) * len(strides), pads)
        kept = (slice(None), *(slice(None, None, stride) for stride in strides))
        return lambda x, kernel: every(x, kernel)[kept]
    if len(strides) == 1 and (is_depthwise or max(op.dilation) == 1):
        lifted = replace(op, dilation=(1, *op.dilation))  # to images of one row
        steps = (strides[0] if is_depthwise else 1, *strides)
        product = _product(lifted, (1, *kernel_shape), steps, ((0, 0), *pads))
        return lambda x, kernel: tf.squeeze(product(tf.expand_dims(x, 1), kernel[tf.newaxis]), 1)
    # Of two axes: tensorflow 2.21 is wrong about 'SAME' in conv3d, in float64 where a stride is
    # longer than the kernel.
    is_image = len(strides) == 2 and max(op.dilation) == 1
    is_same = is_image and all(map(_are_same, taps, strides, pads))
    padding = "SAME" if is_same else "VALID"  # for the same sum, without a padded copy of the image
    if is_depthwise:
        product = depthwise_image_convolution(op, strides, padding)
    elif is_image and op.groups > 1:
        product = grouped_image_convolution(strides, op.groups, padding)
    elif is_image:
        product = image_convolution(strides, padding)
    else:
        product = _by_group(partial(_convolve, strides=strides, dilation=op.dilation), op.groups)
    if is_same or not any(map(any, pads)):
        return product
    return lambda x, kernel: product(pad(x, pads), kernel)


def _are_same(taps: int, stride: int, pads: tuple[int, int]) -> bool:
    """Say whether the zeros of an axis are those that TensorFlow calls 'SAME'.

    It wants as many places as there are cells by the stride, rounded up.
    """
    return pads[0] == sum(pads) // 2 and taps - stride <= sum(pads) < taps


def _convolve(x: Any, kernel: Any, *, strides: Shape, dilation: Shape) -> Any:
    # With the layout left out, tensorflow 2.21 has no gradient in rank 3, not even of
    # (1, 1, 1, 1, 1) by (1, 1, 1, 1, 1): "'NoneType' object has no attribute 'decode'".
    return tf.nn.convolution(x, kernel, strides, "VALID", _LAYOUTS[len(strides)], dilation)


def _by_group(product: Product, groups: int) -> Product:
    if groups == 1:
        return product

    def grouped(x: Any, kernel: Any) -> Any:
        # tensorflow 2.21 has no gradients of grouped convolutions on processors in float64, nor in
        # any type without oneDNN, and no grouped conv3d: conv2d, (1, 1, 1, 2) by (1, 1, 1, 2).
        pairs = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        return tf.concat([product(*pair) for pair in pairs], -1)

    return grouped
