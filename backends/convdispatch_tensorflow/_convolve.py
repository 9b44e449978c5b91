"""Channels-last convolutions, each composed of TensorFlow kernels that have gradients.

Its processor kernels are right where nothing is padded, or as it pads itself, and nothing is both
strided and dilated. The functions here bring every other convolution to such a form, the same in
each element type.
"""

from __future__ import annotations

from typing import Any

from convdispatch import kit
from convdispatch.ops import Conv, ConvTranspose, Shape, Signature
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._functions import FUNCTIONS
from convdispatch_tensorflow._images import (
    convolution_of_all,
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
    if None in signature.input_shape and max(strides) > 1:
        return never_empty(_of_unknown_size(op, axes, kernel_shape))
    # The last pad ends where the last tap does, for the sake of the gradients: oneDNN's float32
    # kernels of them in tensorflow 2.21 write outside their memory where a stride leaves cells
    # over. Those of conv2d of (1, 10, 9, 2) by (1, 1, 2, 2), strides=(1, 3), crash.
    pads = [axis.fitted for axis in axes]
    is_image = len(strides) == 2 and max(op.dilation) == 1
    # Of two axes: tensorflow 2.21 is wrong about 'SAME' in conv3d, in float64 where a stride is
    # longer than the kernel.
    if is_image and pads == _same_pads(axes, strides):
        # Its own pads for the same sum, without a padded copy of the image.
        if op.groups == 1 and max(*strides, *kernel_shape[:-2]) == 1:
            return never_empty(pointwise_convolution(kit.partial_size(op, signature)))
        if op.groups == 1:
            return never_empty(image_convolution(strides, "SAME"))
        if kernel_shape[-2] > 1:
            return never_empty(grouped_image_convolution(strides, op.groups, "SAME"))
        if len(set(strides)) == 1:  # as tensorflow 2.21 wants it to be
            return never_empty(_depthwise(strides, op.dilation, op.groups, "SAME"))
    # A stride leaves fewer cells unread than its length; a larger number was cropped.
    is_left_over = all(
        low == 0 and -stride < high <= 0 for (low, high), stride in zip(pads, strides, strict=True)
    )
    if is_left_over and is_image and op.groups == 1:
        return never_empty(convolution_of_all(strides, pads))
    product = _unpadded(op, kernel_shape, strides)
    if not any(map(any, pads)):
        return never_empty(product)
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


def _of_unknown_size(op: Conv, axes: Axes, kernel_shape: Shape) -> Product:
    """Return a convolution with strides, which cuts off what they leave unread as it is called."""
    fit = kit.fitting(axes, FUNCTIONS, channels_last=True)
    product = _unpadded(op, kernel_shape, op.strides)
    # See `_strides_that_matter`: a second channel of zeros avoids that kernel.
    is_alone = kernel_shape[-2] * op.groups == 1
    around = [(0, 0)] * (len(axes) + 2)

    def convolve(x: Any, kernel: Any) -> Any:
        if not is_alone:
            return product(fit(x), kernel)
        zeros = tf.pad(kernel, [*around[2:], (0, 1), (0, 0)])
        return product(tf.pad(fit(x), [*around[1:], (0, 1)]), zeros)

    return convolve


def _same_pads(axes: Axes, strides: Shape) -> list[tuple[int, int]]:
    """Return the pads that TensorFlow calls 'SAME'; with a stride of 1 they need no size."""
    pads = []
    for axis, stride in zip(axes, strides, strict=True):
        size = axis.size if isinstance(axis, kit.Axis) else 0
        total = max((-(-size // stride) - 1) * stride + axis.taps - size, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def _strides_that_matter(axes: Axes) -> Shape:
    # oneDNN's float32 kernel in tensorflow 2.21 computes wrong numbers where one input channel is
    # strided to a width of one cell: conv2d of (2, 2, 2, 1) by (1, 2, 1, 1), strides=(1, 3).
    # One cell needs no stride.
    return tuple(
        1 if isinstance(axis, kit.Axis) and axis.count == 1 else axis.stride for axis in axes
    )


def _unpadded(op: Conv, kernel_shape: Shape, strides: Shape) -> Product:
    # tensorflow 2.21 refuses a stride together with a dilation, and to depthwise_conv2d unequal
    # strides: (1, 5, 5, 1) float64 by strides (1, 2). Compute each cell and keep every n-th.
    is_depthwise = op.groups > 1 and kernel_shape[-2] == 1 and len(strides) < 3
    is_native = max(strides) == 1 or max(op.dilation) == 1
    if is_depthwise:
        is_native = is_native and len(set(strides)) == 1
    taken = strides if is_native else (1,) * len(strides)
    kept = (slice(None), *(slice(None, None, stride) for stride in strides))
    if is_depthwise:
        product = _depthwise(taken, op.dilation, op.groups, "VALID")
    elif op.groups > 1 and len(strides) == 2 and max(op.dilation) == 1:
        product = grouped_image_convolution(taken, op.groups, "VALID")
    else:
        product = _by_group(_dense(taken, op.dilation), op.groups)
    return product if is_native else lambda x, kernel: product(x, kernel)[kept]


def _dense(strides: Shape, dilation: Shape) -> Product:
    if len(strides) == 2 and max(dilation) == 1:
        return image_convolution(strides, "VALID")
    # With the layout left out, tensorflow 2.21 has no gradient in rank 3, not even of
    # (1, 1, 1, 1, 1) by (1, 1, 1, 1, 1): "'NoneType' object has no attribute 'decode'".
    layout = _LAYOUTS[len(strides)]
    return lambda x, kernel: tf.nn.convolution(x, kernel, strides, "VALID", layout, dilation)


def _depthwise(strides: Shape, dilation: Shape, channels: int, padding: str) -> Product:
    is_lifted = len(strides) == 1  # to an image of height 1
    steps, rates = (1, strides[0], strides[0], 1), (1, *dilation)[-2:]
    # `tf.nn.depthwise_conv2d` dilates by reordering cells, and looks at its arguments at each call.
    convolve = tf.raw_ops.DepthwiseConv2dNative

    def depthwise(x: Any, kernel: Any) -> Any:
        size = (1, *kernel.shape[:-2])[-2:]
        filters = tf.reshape(kernel, (*size, channels, kernel.shape[-1] // channels))
        cells = tf.expand_dims(x, 1) if is_lifted else x
        if max(dilation) > 1:
            y = tf.nn.depthwise_conv2d(cells, filters, steps, padding, dilations=rates)
        else:
            y = convolve(input=cells, filter=filters, strides=steps, padding=padding)
        return tf.squeeze(y, 1) if is_lifted else y

    return depthwise


def _by_group(product: Product, groups: int) -> Product:
    if groups == 1:
        return product

    def grouped(x: Any, kernel: Any) -> Any:
        # tensorflow 2.21 has no gradients of grouped convolutions on processors in float64, nor in
        # any type without oneDNN, and no grouped conv3d: conv2d, (1, 1, 1, 2) by (1, 1, 1, 2).
        pairs = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        return tf.concat([product(*pair) for pair in pairs], -1)

    return grouped
