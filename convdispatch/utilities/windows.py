"""Sizes and words of convolutions, as functions that scripts of their own layers import."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_choice
from convdispatch.errors import InvalidArgument
from convdispatch.runtime.selection import image_data_format


def conv_output_length(
    input_length: int | None, filter_size: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the size that a convolution makes of one axis.

    >>> conv_output_length(10, 3, "valid", 2)
    4
    """
    if input_length is None:
        return None
    as_choice(padding, ("same", "valid", "full", "causal"), "padding")
    reach = filter_size + (filter_size - 1) * (dilation - 1)
    cells = {"valid": input_length - reach + 1, "full": input_length + reach - 1}
    return -(-cells.get(padding, input_length) // stride)


def conv_input_length(
    output_length: int | None, filter_size: int, padding: str, stride: int
) -> int | None:
    """Return the least size of an axis of which a convolution makes that size.

    >>> conv_input_length(4, 3, "valid", 2)
    9
    """
    if output_length is None:
        return None
    pads = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}
    pad = pads[as_choice(padding, tuple(pads), "padding")]
    return (output_length - 1) * stride - 2 * pad + filter_size


def deconv_length(
    dim_size: int | None,
    stride_size: int,
    kernel_size: int,
    padding: str,
    output_padding: int | None = None,
) -> int | None:
    """Return the size that a transposed convolution makes of one axis.

    >>> deconv_length(4, 2, 3, "valid")
    9
    """
    if dim_size is None:
        return None
    as_choice(padding, ("same", "valid", "full"), "padding")
    if output_padding is None:
        added = {"valid": max(kernel_size - stride_size, 0), "full": 2 - stride_size - kernel_size}
        return dim_size * stride_size + added.get(padding, 0)
    pads = {"same": kernel_size // 2, "valid": 0, "full": kernel_size - 1}
    return (dim_size - 1) * stride_size + kernel_size - 2 * pads[padding] + output_padding


def normalize_tuple(value: Any, n: int, name: str) -> tuple[int, ...]:
    """Return a number as often as there are axes, or the numbers for them.

    >>> normalize_tuple(3, 2, "strides")
    (3, 3)
    """
    if isinstance(value, int):
        return (value,) * n
    try:
        found = tuple(int(one) for one in value)
    except (TypeError, ValueError):
        found = ()
    if len(found) != n:
        raise InvalidArgument(f"`{name}` must be one integer or {n} of them; received {value!r}.")
    return found


def normalize_padding(value: str) -> str:
    """Return the padding in small letters."""
    return as_choice(str(value).lower(), ("valid", "same", "causal", "full"), "padding")


def normalize_data_format(value: str | None) -> str:
    """Return where the channels are: what keras.json says for None."""
    if value is None:
        return image_data_format()
    return as_choice(str(value).lower(), ("channels_first", "channels_last"), "data_format")


def convert_kernel(kernel: Any) -> Any:
    """Return a kernel with its cells reversed along its spatial axes, the first ones.

    So Theano's convolutions become TensorFlow's. A kernel has 3 to 5 axes, the last two of which
    are channels.

    >>> convert_kernel(np.array([[[1.0]], [[2.0]]])).ravel()
    array([2., 1.])
    """
    kernel = np.asarray(kernel)
    if not 3 <= kernel.ndim <= 5:
        raise InvalidArgument(
            f"`kernel` must have 3 to 5 axes; received {kernel.ndim}: {kernel.shape}."
        )
    return np.flip(kernel, tuple(range(kernel.ndim - 2))).copy()


def convert_old_kernel(kernel: Any, dim_ordering: str | None = None) -> Any:
    """Return Keras 1's kernel reversed along its rows and columns: see `convert_kernel`."""
    kernel = np.asarray(kernel)
    ordering = dim_ordering or {"channels_first": "th"}.get(image_data_format(), "tf")
    if ordering in ("default", "tf"):
        return convert_kernel(kernel)
    return np.flip(kernel, tuple(range(2, kernel.ndim))).copy()
