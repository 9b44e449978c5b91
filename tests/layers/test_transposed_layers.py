"""A transposed layer is the adjoint of the convolution with the same arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import layers, to_numpy


@pytest.mark.parametrize("convention", ["tensorflow", "theano"])
@pytest.mark.parametrize(
    ("taps", "stride", "dilation", "padding"),
    [
        (3, 2, 1, "valid"),
        (2, 3, 1, "valid"),
        (3, 1, 2, "valid"),
        (2, 2, 3, "valid"),
        (3, 2, 1, "same"),
        (5, 2, 1, "same"),
        (2, 3, 1, "same"),
        (3, 2, 2, "same"),
        (4, 2, 1, "same"),
        (3, 2, 1, "full"),
        (2, 1, 2, "full"),
    ],
)
def test_the_transposed_layer_is_the_convolutions_adjoint(
    taps: int, stride: int, dilation: int, padding: str, convention: str, backend_name: str
) -> None:
    """The product of conv(b) with a equals that of b with conv_transpose(a), in whole numbers."""
    arguments: dict[str, Any] = {
        "strides": stride,
        "dilation_rate": dilation,
        "padding": padding,
        "convention": convention,
        "use_bias": False,
        "weights": [np.reshape([1, -2, 5, 7, -3][:taps], (taps, 1, 1))],
        "backend": backend_name,
        "dtype": "float32",
    }
    a = np.array([3, -1, 4, 2], "float32").reshape(1, 4, 1)
    transposed = to_numpy(layers.Conv1DTranspose(1, taps, **arguments)(a))
    b = ((3 * np.arange(transposed.size)) % 11 - 5).astype("float32").reshape(transposed.shape)
    forward = to_numpy(layers.Conv1D(1, taps, **arguments)(b))
    assert np.any(transposed)
    assert np.vdot(forward, a) == np.vdot(b, transposed)
