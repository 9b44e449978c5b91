"""The axes of every weight that users see, by class and ordering, as both Kerases have them."""

from __future__ import annotations

from typing import Any

import pytest
from layer_classes import LayerClass

from convdispatch.keras1 import layers as keras1

BIAS = (5,)
# Three channels in, five out, a kernel of 2 (x 4 (x 1)) taps.
KERAS_1_WEIGHTS = {
    ("Convolution1D", None): [(2, 1, 3, 5), BIAS],
    ("AtrousConvolution1D", None): [(2, 1, 3, 5), BIAS],
    ("Convolution2D", "tf"): [(2, 4, 3, 5), BIAS],
    ("Convolution2D", "th"): [(5, 3, 2, 4), BIAS],
    ("AtrousConvolution2D", "tf"): [(2, 4, 3, 5), BIAS],
    ("AtrousConvolution2D", "th"): [(5, 3, 2, 4), BIAS],
    ("Convolution3D", "tf"): [(2, 4, 1, 3, 5), BIAS],
    ("Convolution3D", "th"): [(5, 3, 2, 4, 1), BIAS],
    ("Deconvolution2D", "tf"): [(2, 4, 3, 5), BIAS],
    ("Deconvolution2D", "th"): [(5, 3, 2, 4), BIAS],
    ("SeparableConvolution2D", "tf"): [(2, 4, 3, 2), (1, 1, 6, 5), BIAS],
    ("SeparableConvolution2D", "th"): [(2, 3, 2, 4), (5, 6, 1, 1), BIAS],
}
KERAS_2_WEIGHTS = {
    "Conv1D": [(2, 3, 5), BIAS],
    "Conv2D": [(2, 4, 3, 5), BIAS],
    "Conv3D": [(2, 4, 1, 3, 5), BIAS],
    "Conv1DTranspose": [(2, 5, 3), BIAS],
    "Conv2DTranspose": [(2, 4, 5, 3), BIAS],
    "Conv3DTranspose": [(2, 4, 1, 5, 3), BIAS],
    "DepthwiseConv1D": [(2, 3, 2), (6,)],
    "DepthwiseConv2D": [(2, 4, 3, 2), (6,)],
    "SeparableConv1D": [(2, 3, 2), (1, 6, 5), BIAS],
    "SeparableConv2D": [(2, 4, 3, 2), (1, 1, 6, 5), BIAS],
}


@pytest.mark.parametrize(
    ("name", "dim_ordering"), KERAS_1_WEIGHTS, ids=lambda part: str(part or "steps")
)
def test_keras_1_weights_have_keras_1_s_layouts(
    backend_name: str, name: str, dim_ordering: str | None
) -> None:
    """Kernels are read and written in the axes of Keras 1.2.2, bias last."""
    cls = getattr(keras1, name)
    options: dict[str, Any] = {"backend": backend_name}
    options |= {"dim_ordering": dim_ordering} if dim_ordering else {}
    options |= {"depth_multiplier": 2} if name.startswith("Separable") else {}
    sizes = (6, 6, 6)[: cls.rank]
    if name == "Deconvolution2D":
        options["output_shape"] = (None, 5, 7, 9) if dim_ordering == "th" else (None, 7, 9, 5)
    layer = cls(5, *(2, 4, 1)[: cls.rank], **options)
    layer.build((None, 3, *sizes) if dim_ordering == "th" else (None, *sizes, 3))
    assert [weight.shape for weight in layer.get_weights()] == KERAS_1_WEIGHTS[name, dim_ordering]


@pytest.mark.parametrize("door", ["layers", "keras2"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", KERAS_2_WEIGHTS)
def test_keras_2_weights_do_not_depend_on_the_data_format(
    backend_name: str, name: str, data_format: str, door: str
) -> None:
    """Kernels are (*taps, in, out), transposed ones (*taps, out, in), in either data format."""
    cls = LayerClass(door, name).type
    arguments: dict[str, Any] = {"filters": 5} if "Depthwise" not in name else {}
    arguments |= {"depth_multiplier": 2} if name.startswith(("Depthwise", "Separable")) else {}
    layer = cls(
        kernel_size=(2, 4, 1)[: cls.rank],
        data_format=data_format,
        backend=backend_name,
        **arguments,
    )
    sizes = (6, 6, 6)[: cls.rank]
    layer.build((None, 3, *sizes) if data_format == "channels_first" else (None, *sizes, 3))
    assert [weight.shape for weight in layer.get_weights()] == KERAS_2_WEIGHTS[name]
