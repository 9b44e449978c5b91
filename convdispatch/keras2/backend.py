"""`keras.backend` of Keras 2: functions of native and of symbolic tensors, and settings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convdispatch.doors.elsewhere import finder
from convdispatch.symbolic import arrays, convolutions, drawing, products, shared
from convdispatch.symbolic.functions import Function
from convdispatch.symbolic.losses import (  # noqa: F401 - named in __all__
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from convdispatch.symbolic.shared import *  # noqa: F403 - it names them in __all__

__all__ = [
    *shared.__all__,
    *("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"),
    *("conv2d_transpose", "conv3d_transpose", "function", "local_conv1d", "local_conv2d"),
    *("normalize_batch_in_training", "normalize_data_format", "pool2d", "pool3d"),
    *("random_binomial", "random_normal", "random_uniform", "resize_volumes"),
    *("separable_conv1d", "separable_conv2d", "slice", "spatial_2d_padding"),
    *("spatial_3d_padding", "truncated_normal"),
]

slice = arrays.slice_of  # noqa: A001 - Keras's name


def function(inputs: Sequence[Any], outputs: Any, updates: Any = None, **kwargs: Any) -> Function:
    """Return a function of arrays that returns the values of `outputs`, and makes the updates."""
    return Function(inputs, outputs, updates or (), kwargs.get("name"))


def normalize_data_format(value: str | None) -> str:
    """Return 'channels_first' or 'channels_last', that of the configuration for None."""
    return shared.data_format_of(value)


def conv2d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Return the transposed convolution with a kernel (rows, cols, out, in)."""
    return convolutions.conv_transpose(x, kernel, output_shape, strides, padding, data_format)


def conv3d_transpose(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """Return the transposed convolution of volumes with a kernel (*sizes, out, in)."""
    return convolutions.conv_transpose(x, kernel, output_shape, strides, padding, data_format)


def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Return the separable convolution of sequences."""
    given = (strides, padding, data_format, dilation_rate)
    return convolutions.separable_conv(x, depthwise_kernel, pointwise_kernel, *given)


def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Return the separable convolution of images."""
    given = (strides, padding, data_format, dilation_rate)
    return convolutions.separable_conv(x, depthwise_kernel, pointwise_kernel, *given)


def local_conv1d(
    inputs: Any, kernel: Any, kernel_size: Any, strides: Any, data_format: str | None = None
) -> Any:
    """Return the convolution whose kernel differs from step to step."""
    return convolutions.local_conv(inputs, kernel, kernel_size, strides, None, data_format)


def local_conv2d(
    inputs: Any,
    kernel: Any,
    kernel_size: Any,
    strides: Any,
    output_shape: Any,
    data_format: str | None = None,
) -> Any:
    """Return the convolution whose kernel differs from cell to cell."""
    return convolutions.local_conv(inputs, kernel, kernel_size, strides, output_shape, data_format)


def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Return the greatest number, or the mean, of each window of images."""
    return convolutions.pool(x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """Return the greatest number, or the mean, of each window of volumes."""
    return convolutions.pool(x, pool_size, strides, padding, data_format, pool_mode)


def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str | None
) -> Any:
    """Return volumes enlarged by whole factors."""
    factors = (depth_factor, height_factor, width_factor)
    return convolutions.resize_volumes(x, factors, data_format)


def spatial_2d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Return images with zero cells around them."""
    return arrays.spatial_padding(x, padding, data_format)


def spatial_3d_padding(
    x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Return volumes with zero cells around them."""
    return arrays.spatial_padding(x, padding, data_format)


def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> Any:
    """Return the tensor normalized by its own moments, and those."""
    return products.normalized_by_batch(x, gamma, beta, reduction_axes, epsilon)


def random_uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers from `minval` to `maxval`, others at each computation."""
    return drawing.drawn(drawing.uniform, shape, minval, maxval, dtype)


def random_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers around a mean, others at each computation."""
    return drawing.drawn(drawing.normal, shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers around a mean, none more than two standard deviations from it."""
    return drawing.drawn(drawing.truncated, shape, mean, stddev, dtype)


def random_binomial(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return 1 with a probability, else 0, others at each computation."""
    return drawing.drawn(drawing.binomial, shape, p, dtype)


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(
        __name__,
        _BACKEND=shared.backend,  # its old name
        _get_available_gpus=lambda: list,  # none: nothing is placed by hand
    )
