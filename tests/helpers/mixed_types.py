"""What Keras 2 on Theano computed in float64 for a model whose document says float32.

Its input was float32 then, and so was the result of a convolution of it, whatever the kernel: the
convolution of each channel was computed in float64, and added in float32. The bias made float64 of
it again, and all else was computed in that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import convdispatch
from convdispatch import layers


def outputs_of(model: Any, inputs: list[Any]) -> list[Any]:
    """Return the outputs of a model in float64 for inputs in float32."""

    def call(place: int, layer: Any, given: Any) -> Any:
        is_narrow = not isinstance(given, list) and given.dtype == np.float32
        if is_narrow and isinstance(layer, layers.SeparableConv2D):
            return _separably(layer, given)
        if is_narrow and hasattr(layer, "strides") and layer.get_weights():
            kernel, *bias = layer.get_weights()
            return _finished(layer, _summed(layer, given, kernel), bias)
        return _computed(layer, given)

    outputs: list[Any] = model.graph().run(call, inputs)
    return outputs


def _computed(layer: Any, given: Any) -> Any:
    wide = (
        [one.astype("float64") for one in given]
        if isinstance(given, list)
        else given.astype("float64")
    )
    return convdispatch.to_numpy(layer(wide))


def _separably(layer: Any, given: Any) -> Any:
    """Return both convolutions, each in float32, and the rest in float64."""
    depthwise, pointwise, *bias = layer.get_weights()
    options = {"data_format": layer.data_format, "dtype": "float64", "backend": "numpy"}
    options |= {"use_bias": False, "convention": layer.convention}
    first = layers.DepthwiseConv2D(
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        depth_multiplier=layer.depth_multiplier,
        **options,
    )
    second = layers.Conv2D(layer.filters, 1, **options)
    between = _summed(first, given, depthwise)
    return _finished(layer, _summed(second, between, pointwise), bias)


def _summed(layer: Any, given: Any, kernel: Any) -> Any:
    """Return a convolution, a channel at a time, summed in float32."""
    plain = type(layer).from_config({**layer.get_config(), "use_bias": False, "activation": None})
    plain.build(given.shape)
    plain.set_weights([kernel])
    total: Any = np.float32(0)
    for channel in range(given.shape[_axis(layer)]):
        part = np.zeros(given.shape)
        place = [slice(None)] * given.ndim
        place[_axis(layer)] = slice(channel, channel + 1)
        part[tuple(place)] = given[tuple(place)]
        total = (total + convdispatch.to_numpy(plain(part))).astype("float32")
    return total


def _finished(layer: Any, total: Any, bias: list[Any]) -> Any:
    """Return the sum with the bias, through the activation."""
    shape = [1] * total.ndim
    shape[_axis(layer)] = -1
    whole = total + bias[0].reshape(shape) if bias else total
    found: Any = convdispatch.to_numpy(
        layers.Activation(layer.activation, dtype="float64", backend="numpy")(whole)
    )
    return found


def _axis(layer: Any) -> int:
    return 1 if layer.data_format == "channels_first" else -1
