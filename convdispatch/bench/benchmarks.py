"""The layers whose forward call is measured, each a function of the backend's name.

This file runs by path inside other checkouts: it imports only names that all of them have, and
raises `NotImplementedError` if one lacks something. The functions that it returns are called again
and again; work before that is not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

# The timed function; it returns the tensor that the clock waits for.
Call: TypeAlias = Callable[[], Any]


def _forward(layer_class: str, shape: tuple[int, ...], **arguments: Any) -> Callable[[str], Call]:
    """Return what makes the layer and its input on a backend, both in float32."""

    def make(backend: str) -> Call:
        from convdispatch import layers
        from convdispatch.registry import registry

        if not hasattr(layers, layer_class):
            raise NotImplementedError(f"this checkout has no layer {layer_class}")
        layer = getattr(layers, layer_class)(
            **arguments, backend=backend, dtype="float32", data_format="channels_last"
        )
        numbers = np.random.default_rng(0).normal(size=shape)
        x = registry.load(backend).asarray(numbers, "float32")
        return lambda: layer(x)

    return make


_IMAGE = (4, 28, 28, 32)

BENCHMARKS: Mapping[str, Callable[[str], Call]] = {
    # So small that the benchmark measures the way to the backend.
    "conv2d-tiny": _forward("Conv2D", (1, 8, 8, 4), filters=8, kernel_size=3),
    "conv1d-causal": _forward(
        "Conv1D", (4, 128, 32), filters=32, kernel_size=3, dilation_rate=2, padding="causal"
    ),
    "conv2d": _forward("Conv2D", _IMAGE, filters=32, kernel_size=3, padding="same"),
    "conv2d-1x1": _forward("Conv2D", _IMAGE, filters=64, kernel_size=1),
    "conv2d-strided": _forward(
        "Conv2D", (1, 112, 112, 3), filters=32, kernel_size=7, strides=2, padding="same"
    ),
    "conv3d": _forward("Conv3D", (1, 10, 10, 10, 8), filters=8, kernel_size=3, padding="same"),
    "conv2d-transpose": _forward(
        "Conv2DTranspose", (4, 14, 14, 32), filters=32, kernel_size=3, strides=2, padding="same"
    ),
    "depthwise-conv2d": _forward("DepthwiseConv2D", _IMAGE, kernel_size=3, padding="same"),
}
