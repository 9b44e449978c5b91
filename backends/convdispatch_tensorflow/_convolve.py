"""Channels-last convolutions, each composed of TensorFlow kernels that have gradients.

Its processor kernels are right where nothing is padded, or as it pads itself, and nothing is both
strided and dilated. The functions here bring every other convolution to such a form, the same in
each element type.
"""

from __future__ import annotations

from typing import Any

from convdispatch.ops import Conv, ConvTranspose, Shape
from convdispatch_tensorflow._cells import pad, zeros_between
from convdispatch_tensorflow._framework import tf
from convdispatch_tensorflow._images import (
    convolution_of_all,
    grouped_image_convolution,
    image_convolution,
    pointwise_convolution,
)
from convdispatch_tensorflow._samples import Product, never_empty

_LAYOUTS = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def convolution(op: Conv, kernel_shape: Shape, size: Shape) -> Product:
    """Return the convolution of a channels-last tensor of `size` spatial cells."""
    reach = _reach(op, kernel_shape)
    cells = tuple(
        (length + low + high - span - 1) // stride + 1
        for length, (low, high), span, stride in zip(size, op.pads, reach, op.strides, strict=True)
    )
    # The last pad ends where the last tap does, for the sake of the gradients: oneDNN's float32
    # kernels of them in tensorflow 2.21 write outside their memory where a stride leaves cells
    # over. Those of conv2d of (1, 10, 9, 2) by (1, 1, 2, 2), strides=(1, 3), crash.
    pads = [
        (low, (count - 1) * stride + span + 1 - length - low)
        for length, (low, _), span, stride, count in zip(
            size, op.pads, reach, op.strides, cells, strict=True
        )
    ]
    strides = _strides_that_matter(op.strides, cells)
    if pads == _same_pads(size, kernel_shape, strides) and _is_plain(op, strides):
        # Its own pads for the same sum, without a padded copy of the image.
        if max(*strides, *kernel_shape[:-2]) == 1:
            return never_empty(pointwise_convolution(size))
        return never_empty(image_convolution(strides, "SAME"))
    if pads == _same_pads(size, kernel_shape, strides) and _is_grouped_image(op):
        if kernel_shape[-2] > 1:
            return never_empty(grouped_image_convolution(strides, op.groups, "SAME"))
        if len(set(strides)) == 1:  # as tensorflow 2.21 wants it to be
            return never_empty(_depthwise(strides, op.dilation, op.groups, "SAME"))
    # A stride leaves fewer cells over than it is long; what is more was cropped.
    is_left_over = all(
        low == 0 and -stride < high <= 0 for (low, high), stride in zip(pads, strides, strict=True)
    )
    if is_left_over and _is_plain(op, strides):
        return never_empty(convolution_of_all(strides, [(0, 0), *pads, (0, 0)]))
    product = _unpadded(op, kernel_shape, strides)
    if not any(map(any, pads)):
        return never_empty(product)
    return never_empty(lambda x, kernel: product(pad(x, [(0, 0), *pads, (0, 0)]), kernel))


def _is_plain(op: Conv, strides: Shape) -> bool:
    # Of two axes: tensorflow 2.21 is wrong about 'SAME' in conv3d, in float64 where a stride is
    # longer than the kernel.
    return len(strides) == 2 and op.groups == 1 and max(op.dilation) == 1


def _is_grouped_image(op: Conv) -> bool:
    return len(op.strides) == 2 and op.groups > 1 and max(op.dilation) == 1


def _same_pads(size: Shape, kernel_shape: Shape, strides: Shape) -> list[tuple[int, int]]:
    """Return the pads that TensorFlow calls 'SAME'."""
    pads = []
    for cells, taps, stride in zip(size, kernel_shape, strides, strict=False):
        total = max((-(-cells // stride) - 1) * stride + taps - cells, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def transposed_convolution(op: ConvTranspose, kernel_shape: Shape, read: Shape) -> Product:
    """Return the transposed convolution of a channels-last tensor of `read` spatial cells."""
    reach = _reach(op, kernel_shape)
    strides = _strides_that_matter(op.strides, read)
    written = [
        (length - 1) * stride + span + 1
        for length, stride, span in zip(read, strides, reach, strict=True)
    ]
    # The adjoint of padding is cropping; where no tap reaches, the crop is negative.
    pads = [
        (-low, length + low - count)
        for length, (low, _), count in zip(op.output_size, op.pads, written, strict=True)
    ]
    if max(op.dilation) == 1:
        scatter = _scatter(strides, tuple(written))
    else:
        scatter = _dilated_scatter(strides, op.dilation, reach)
    product = _by_group(scatter, op.groups)
    return never_empty(lambda x, kernel: pad(product(x, kernel), [(0, 0), *pads, (0, 0)]))


def _reach(op: Conv | ConvTranspose, kernel_shape: Shape) -> Shape:
    """Return, for each axis, how far the last tap is from the first."""
    return tuple((taps - 1) * rate for taps, rate in zip(kernel_shape, op.dilation, strict=False))


def _strides_that_matter(strides: Shape, cells: Shape) -> Shape:
    # oneDNN's float32 kernel in tensorflow 2.21 computes wrong numbers where one input channel is
    # strided to a width of one cell: conv2d of (2, 2, 2, 1) by (1, 2, 1, 1), strides=(1, 3).
    # One cell needs no stride.
    return tuple(1 if count == 1 else stride for stride, count in zip(strides, cells, strict=True))


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
    elif _is_grouped_image(op):
        product = grouped_image_convolution(taken, op.groups, "VALID")
    else:
        product = _by_group(_dense(taken, op.dilation), op.groups)
    return product if is_native else lambda x, kernel: product(x, kernel)[kept]


def _dense(strides: Shape, dilation: Shape) -> Product:
    if len(strides) == 2 and max(dilation) == 1:
        return image_convolution(strides, "VALID")
    layout = _LAYOUTS[len(strides)]

    def dense(x: Any, kernel: Any) -> Any:
        # With the layout left out, tensorflow 2.21 has no gradient in rank 3, not even of
        # (1, 1, 1, 1, 1) by (1, 1, 1, 1, 1): "'NoneType' object has no attribute 'decode'".
        return tf.nn.convolution(x, kernel, strides, "VALID", layout, dilation)

    return dense


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


def _scatter(strides: Shape, written: Shape) -> Product:
    layout = _LAYOUTS[len(strides)]

    def scatter(x: Any, kernel: Any) -> Any:
        batch = tf.shape(x)[0] if x.shape[0] is None else x.shape[0]
        shape = (batch, *written, kernel.shape[-2])
        return tf.nn.conv_transpose(x, kernel, shape, strides, "VALID", layout)

    return scatter


def _dilated_scatter(strides: Shape, dilation: Shape, reach: Shape) -> Product:
    # tensorflow 2.21 has no dilated transposed convolution on processors in float64, nor in any
    # type without oneDNN: conv2d_transpose of (1, 1, 1, 1) by (2, 2, 1, 1), dilations=2.
    # A convolution of the flipped kernel with the cells set `stride` apart is the same thing.
    dense = _dense((1,) * len(strides), dilation)
    edges = [(span, span + 1 - stride) for span, stride in zip(reach, strides, strict=True)]
    spatial = tuple(range(len(strides)))

    def scatter(x: Any, kernel: Any) -> Any:
        spread = pad(zeros_between(x, strides, first_axis=1), [(0, 0), *edges, (0, 0)])
        flipped = tf.reverse(kernel, spatial)
        return dense(spread, tf.transpose(flipped, (*spatial, len(spatial) + 1, len(spatial))))

    return scatter


def _by_group(product: Product, groups: int) -> Product:
    if groups == 1:
        return product

    def grouped(x: Any, kernel: Any) -> Any:
        # tensorflow 2.21 has no gradients of grouped convolutions on processors in float64, nor in
        # any type without oneDNN, and no grouped conv3d: conv2d, (1, 1, 1, 2) by (1, 1, 1, 2).
        pairs = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
        return tf.concat([product(*pair) for pair in pairs], -1)

    return grouped
