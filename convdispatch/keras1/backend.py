"""`keras.backend` of Keras 1: functions of native and of symbolic tensors, and settings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convdispatch.doors.elsewhere import finder
from convdispatch.symbolic import arrays, convolutions, drawing, losses, products, shared
from convdispatch.symbolic.functions import Function
from convdispatch.symbolic.shared import *  # noqa: F403 - it names them in __all__
from convdispatch.symbolic.shared import data_format_of

_LATER = {"conv1d", "conv2d", "conv3d", "depthwise_conv2d", "resize_images"}  # of other arguments
__all__ = [
    *(name for name in shared.__all__ if name not in _LATER),
    *sorted(_LATER - {"depthwise_conv2d"}),
    *("asymmetric_spatial_2d_padding", "asymmetric_temporal_padding", "binary_crossentropy"),
    *("categorical_crossentropy", "deconv2d", "function", "normalize_batch_in_training", "pack"),
    *("pool2d", "pool3d", "random_binomial", "random_normal", "random_uniform"),
    *("resize_volumes", "separable_conv2d", "sparse_categorical_crossentropy"),
    *("spatial_2d_padding", "spatial_3d_padding"),
]

pack = arrays.stack


def function(inputs: Sequence[Any], outputs: Any, updates: Any = (), **kwargs: Any) -> Function:
    """Return a function of arrays that returns the values of `outputs`, and makes the updates."""
    return Function(inputs, outputs, updates or ())


def _kernel(kernel: Any, dim_ordering: str) -> Any:
    """Return a kernel of Keras 1 in the order (*sizes, in, out)."""
    if data_format_of(dim_ordering) == "channels_last":
        return kernel
    rank = arrays.ndim(kernel) or 0
    return arrays.permute_dimensions(kernel, (*range(2, rank), 1, 0))


def conv1d(
    x: Any,
    kernel: Any,
    stride: int = 1,
    border_mode: str = "valid",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """Return the convolution of sequences with a kernel (steps, in, out)."""
    return convolutions.conv1d(x, kernel, stride, border_mode, "channels_last")


def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
    filter_dilation: Any = (1, 1),
) -> Any:
    """Return the convolution of images with a kernel in the order of `dim_ordering`."""
    own, ordering = _kernel(kernel, dim_ordering), data_format_of(dim_ordering)
    return convolutions.conv2d(x, own, strides, border_mode, ordering, filter_dilation)


def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    volume_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """Return the convolution of volumes with a kernel in the order of `dim_ordering`."""
    own, ordering = _kernel(kernel, dim_ordering), data_format_of(dim_ordering)
    return convolutions.conv3d(x, own, strides, border_mode, ordering)


def deconv2d(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """Return the transposed convolution of images."""
    own, ordering = _kernel(kernel, dim_ordering), data_format_of(dim_ordering)
    return convolutions.conv_transpose(x, own, output_shape, strides, border_mode, ordering)


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
) -> Any:
    """Return the separable convolution of images."""
    deep, point = (_kernel(one, dim_ordering) for one in (depthwise_kernel, pointwise_kernel))
    ordering = data_format_of(dim_ordering)
    return convolutions.separable_conv(x, deep, point, strides, border_mode, ordering)


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    pool_mode: str = "max",
) -> Any:
    """Return the greatest number, or the mean, of each window of images."""
    ordering = data_format_of(dim_ordering)
    return convolutions.pool(x, pool_size, strides, border_mode, ordering, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    pool_mode: str = "max",
) -> Any:
    """Return the greatest number, or the mean, of each window of volumes."""
    ordering = data_format_of(dim_ordering)
    return convolutions.pool(x, pool_size, strides, border_mode, ordering, pool_mode)


def resize_images(X: Any, height_factor: int, width_factor: int, dim_ordering: str) -> Any:
    """Return images enlarged by whole factors."""
    ordering = data_format_of(dim_ordering)
    return convolutions.resize_images(X, height_factor, width_factor, ordering)


def resize_volumes(
    X: Any,
    depth_factor: int,
    height_factor: int,
    width_factor: int,
    dim_ordering: str,
) -> Any:
    """Return volumes enlarged by whole factors."""
    factors = (depth_factor, height_factor, width_factor)
    return convolutions.resize_volumes(X, factors, data_format_of(dim_ordering))


def spatial_2d_padding(x: Any, padding: Any = (1, 1), dim_ordering: str = "default") -> Any:
    """Return images with so many zero cells on both sides of an axis."""
    return arrays.spatial_padding(x, padding, data_format_of(dim_ordering))


def spatial_3d_padding(x: Any, padding: Any = (1, 1, 1), dim_ordering: str = "default") -> Any:
    """Return volumes with so many zero cells on both sides of an axis."""
    return arrays.spatial_padding(x, padding, data_format_of(dim_ordering))


def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Any:
    """Return sequences with zero steps before the first and after the last."""
    return arrays.temporal_padding(x, (left_pad, right_pad))


def asymmetric_spatial_2d_padding(
    x: Any,
    top_pad: int = 1,
    bottom_pad: int = 1,
    left_pad: int = 1,
    right_pad: int = 1,
    dim_ordering: str = "default",
) -> Any:
    """Return images with zero cells around them, another number on each side."""
    sides = ((top_pad, bottom_pad), (left_pad, right_pad))
    return arrays.spatial_padding(x, sides, data_format_of(dim_ordering))


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> Any:
    """Return the tensor normalized by its own moments, and those."""
    return products.normalized_by_batch(x, gamma, beta, reduction_axes, epsilon)


# Keras 1 has the predictions first.


def binary_crossentropy(output: Any, target: Any, from_logits: bool = False) -> Any:
    """Return the crossentropy of each number with its target."""
    return losses.binary_crossentropy(target, output, from_logits)


def categorical_crossentropy(output: Any, target: Any, from_logits: bool = False) -> Any:
    """Return the crossentropy of each row of classes with its target."""
    return losses.categorical_crossentropy(target, output, from_logits)


def sparse_categorical_crossentropy(output: Any, target: Any, from_logits: bool = False) -> Any:
    """Return the crossentropy of each row of classes with the number of its class."""
    return losses.sparse_categorical_crossentropy(target, output, from_logits)


def random_uniform(
    shape: Any, low: float = 0.0, high: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers from `low` to `high`, others at each computation."""
    return drawing.drawn(drawing.uniform, shape, low, high, dtype)


def random_normal(
    shape: Any, mean: float = 0.0, std: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers around a mean, others at each computation."""
    return drawing.drawn(drawing.normal, shape, mean, std, dtype)


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return 1 with a probability, else 0, others at each computation."""
    return drawing.drawn(drawing.binomial, shape, p, dtype)


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__, _BACKEND=shared.backend)  # its old name
