"""The element type of a layer's result, whatever the layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2, layers, to_numpy
from convdispatch.errors import UnsupportedOp

FAMILIES = [
    pytest.param(layers.Conv1D, {"filters": 2, "kernel_size": 3}, id="Conv1D"),
    pytest.param(layers.Conv2D, {"filters": 2, "kernel_size": 3}, id="Conv2D"),
    pytest.param(layers.Conv3D, {"filters": 2, "kernel_size": 3}, id="Conv3D"),
    pytest.param(layers.DepthwiseConv2D, {"kernel_size": 3}, id="DepthwiseConv2D"),
    pytest.param(layers.SeparableConv1D, {"filters": 2, "kernel_size": 3}, id="SeparableConv1D"),
    pytest.param(layers.Conv2DTranspose, {"filters": 2, "kernel_size": 3}, id="Conv2DTranspose"),
    pytest.param(keras2.layers.Conv2D, {"filters": 2, "kernel_size": 3}, id="keras2.Conv2D"),
    pytest.param(
        keras1.layers.Convolution1D, {"nb_filter": 2, "filter_length": 3}, id="keras1.Convolution1D"
    ),
    pytest.param(layers.ZeroPadding2D, {}, id="ZeroPadding2D"),
    pytest.param(layers.UpSampling2D, {"interpolation": "bilinear"}, id="UpSampling2D"),
]


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(("layer_class", "arguments"), FAMILIES)
def test_a_float64_layer_answers_in_float64(
    layer_class: Any, arguments: dict[str, Any], backend_name: str
) -> None:
    """From initial weights to the result, whatever the layer."""
    layer = layer_class(**arguments, backend=backend_name, dtype="float64")
    y = to_numpy(layer(np.ones((1, *(5,) * layer.rank, 2))))
    assert y.dtype == np.float64
    assert all(weight.dtype == np.float64 for weight in layer.get_weights())


def test_float64_without_jaxs_mode_is_refused() -> None:
    """Rather an error with the remedy than a silent float32."""
    jax = pytest.importorskip("jax", reason="only JAX has a mode for float64")
    layer = layers.Conv1D(1, 1, backend="jax", dtype="float64")
    with jax.enable_x64(False), pytest.raises(UnsupportedOp, match="JAX_ENABLE_X64=1"):
        layer(np.ones((1, 1, 1)))


@pytest.mark.parametrize(("layer_class", "arguments"), FAMILIES)
def test_the_inputs_type_decides_for_every_layer(
    layer_class: Any, arguments: dict[str, Any], backend_name: str
) -> None:
    """Keras 3 on JAX went by the kernel's type in convolutions, by the input's elsewhere."""
    layer = layer_class(**arguments, backend=backend_name, dtype="float32")
    y = to_numpy(layer(np.ones((1, *(5,) * layer.rank, 2), "float16")))
    assert y.dtype == np.float16
