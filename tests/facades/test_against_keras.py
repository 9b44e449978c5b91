"""What real Kerases answered where the golden cases have nothing to say: names, numbers, calls.

Each docstring names the Keras that was run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2, to_numpy
from convdispatch.keras1 import initializations
from convdispatch.keras1.layers import Convolution2D, Deconvolution2D, SeparableConvolution2D
from convdispatch.layers import Layer

KERAS1_NAMES = [
    ("Convolution1D", (1, 1), "convolution1d"),
    ("AtrousConvolution1D", (1, 1), "atrousconvolution1d"),
    ("Convolution2D", (1, 1, 1), "convolution2d"),
    ("AtrousConvolution2D", (1, 1, 1), "atrousconvolution2d"),
    ("SeparableConvolution2D", (1, 1, 1), "separableconvolution2d"),
    ("Deconvolution2D", (1, 1, 1, (None, 1, 1, 1)), "deconvolution2d"),
    ("Convolution3D", (1, 1, 1, 1), "convolution3d"),
    ("Cropping1D", (), "cropping1d"),
    ("Cropping2D", (), "cropping2d"),
    ("Cropping3D", (), "cropping3d"),
    ("UpSampling1D", (), "upsampling1d"),
    ("UpSampling2D", (), "upsampling2d"),
    ("UpSampling3D", (), "upsampling3d"),
    ("ZeroPadding1D", (), "zeropadding1d"),
    ("ZeroPadding2D", (), "zeropadding2d"),
    ("ZeroPadding3D", (), "zeropadding3d"),
]
KERAS2_NAMES = [
    ("Conv1D", (1, 1), "conv1d"),
    ("Conv2D", (1, 1), "conv2d"),
    ("Conv3D", (1, 1), "conv3d"),
    ("Conv2DTranspose", (1, 1), "conv2d_transpose"),
    ("Conv3DTranspose", (1, 1), "conv3d_transpose"),
    ("SeparableConv1D", (1, 1), "separable_conv1d"),
    ("SeparableConv2D", (1, 1), "separable_conv2d"),
    ("DepthwiseConv2D", (1,), "depthwise_conv2d"),
    ("Cropping1D", (), "cropping1d"),
    ("Cropping2D", (), "cropping2d"),
    ("Cropping3D", (), "cropping3d"),
    ("UpSampling1D", (), "up_sampling1d"),
    ("UpSampling2D", (), "up_sampling2d"),
    ("UpSampling3D", (), "up_sampling3d"),
    ("ZeroPadding1D", (), "zero_padding1d"),
    ("ZeroPadding2D", (), "zero_padding2d"),
    ("ZeroPadding3D", (), "zero_padding3d"),
]


@pytest.mark.parametrize(("class_name", "arguments", "stem"), KERAS1_NAMES)
def test_keras1_names_its_layers_without_underscores(
    class_name: str, arguments: Sequence[Any], stem: str
) -> None:
    """Keras 1.2.2 (on Theano; SeparableConvolution2D on TensorFlow): zeropadding2d_1."""
    assert_named(getattr(keras1.layers, class_name)(*arguments), stem)


@pytest.mark.parametrize(("class_name", "arguments", "stem"), KERAS2_NAMES)
def test_keras2_names_its_layers_with_underscores(
    class_name: str, arguments: Sequence[Any], stem: str
) -> None:
    """Keras 2.2.4: zero_padding2d_1."""
    assert_named(getattr(keras2.layers, class_name)(*arguments), stem)


def test_the_layers_of_a_class_are_counted_from_one_up() -> None:
    """Keras 1.2.2: a class's layers get consecutive numbers, a name given takes none."""

    class OddlyNamedPadding(keras1.layers.ZeroPadding2D):
        pass

    names = [OddlyNamedPadding(**given).name for given in ({}, {"name": "mine"}, {})]
    assert names == ["oddlynamedpadding_1", "mine", "oddlynamedpadding_2"]


def test_keras1_initializations_are_functions_of_the_shape() -> None:
    """Keras 1.2.2: identity((2, 2), scale=3), one((2,), name='w'), and their `__name__`."""
    assert initializations.identity((2, 2), scale=3).tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert initializations.one((2,), name="w").tolist() == [1.0, 1.0]
    assert initializations.glorot_uniform.__name__ == "glorot_uniform"


@pytest.mark.parametrize(
    ("dim_ordering", "limit"), [("th", 0.04170288281141495), ("tf", 0.011180339887498949)]
)
def test_keras1_initializations_count_fans_by_the_ordering(dim_ordering: str, limit: float) -> None:
    """Keras 1.2.2: the limit of glorot_uniform((200, 30, 3, 5)) in each dim_ordering."""
    drawn = initializations.glorot_uniform((200, 30, 3, 5), dim_ordering=dim_ordering)
    assert 0.999 * limit < np.max(np.abs(drawn)) <= limit


def test_a_keras1_script_scales_an_initialization_of_its_own() -> None:
    """Keras 1.2.2's documentation: a function that calls `initializations.normal` with a scale."""

    def my_init(shape: Any, name: Any = None, dim_ordering: str = "th") -> Any:
        return initializations.normal(shape, scale=0.01, name=name, dim_ordering=dim_ordering)

    layer = Convolution2D(200, 9, 9, init=my_init, input_shape=(9, 9, 4), dim_ordering="tf")
    layer.build((None, 9, 9, 4))
    kernel, _ = layer.get_weights()
    np.testing.assert_allclose([kernel.mean(), kernel.std()], [0.0, 0.01], atol=2e-4)


@pytest.mark.parametrize("initialization", ["normal", "glorot_uniform", "zero"])
def test_keras1_saves_an_initialization_by_its_name(initialization: str) -> None:
    """Keras 1.2.2: Convolution2D(1, 1, 1, init=initializations.normal) saves 'normal'."""
    layer = Convolution2D(1, 1, 1, init=getattr(initializations, initialization))
    assert layer.get_config()["init"] == initialization


X_SEPARABLE = np.arange(12.0).reshape(1, 3, 2, 2)
SEPARABLE = [
    np.reshape([1.0, 2, 0, -1, 3, 0, 1, 1, -1, 2, 0, 1, 2, 1, -2, 0], (2, 2, 2, 2)),
    np.reshape([1.0, 0, 2, -1, 0, 3, 1, 1], (1, 1, 4, 2)),
    np.array([0.5, -1]),
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            {},
            [49.5, -41, 32.5, -13, 113.5, -69, 64.5, -29, 72.5, 18, 39.5, -32],
            id="stride-1",
        ),
        pytest.param(
            {"subsample": (2, 2), "activation": "relu"}, [49.5, 0, 72.5, 18], id="stride-2-relu"
        ),
    ],
)
def test_keras1_separable_convolution(
    backend_name: str, arguments: dict[str, Any], expected: list[float]
) -> None:
    """Keras 1.2.2 on TensorFlow 1.15.5; on Theano it had no such layer."""
    layer = SeparableConvolution2D(
        2,
        2,
        2,
        border_mode="same",
        depth_multiplier=2,
        dim_ordering="tf",
        weights=SEPARABLE,
        convention="tensorflow",
        backend=backend_name,
        **arguments,
    )
    assert to_list(layer, X_SEPARABLE) == expected


DECONVOLUTION = [
    np.reshape([1.0, 2, -1, 0, 3, 1, 0, 2, -2, 1, 1, 0], (2, 3, 2, 1)),
    np.array([0.5]),
]


@pytest.mark.parametrize(
    ("border_mode", "output_shape", "expected"),
    [
        pytest.param(
            "valid",
            (1, 4, 6, 1),
            [
                *(5.5, -0.5, 16.5, -2.5, 13.5, 0.5, 4.5, 0.5, 9.5, -1.5, 3.5, 0.5),
                *(17.5, -4.5, 44.5, -6.5, 29.5, 0.5, 12.5, -3.5, 21.5, -5.5, 7.5, 0.5),
            ],
            id="valid-an-extra-column",
        ),
        pytest.param(
            "same",
            (1, 4, 3, 1),
            [-0.5, 16.5, -2.5, 0.5, 9.5, -1.5, -4.5, 44.5, -6.5, -3.5, 21.5, -5.5],
            id="same-the-shorter-width",
        ),
        pytest.param(
            "same",
            (1, 3, 4, 1),
            [5.5, -0.5, 16.5, -2.5, 4.5, 0.5, 9.5, -1.5, 17.5, -4.5, 44.5, -6.5],
            id="same-the-shorter-height",
        ),
    ],
)
def test_keras1_deconvolution_at_each_legal_size(
    backend_name: str, border_mode: str, output_shape: tuple[int, ...], expected: list[float]
) -> None:
    """Keras 1.2.2 on TensorFlow 1.15.5."""
    layer = Deconvolution2D(
        1,
        2,
        3,
        output_shape,
        subsample=(2, 2),
        border_mode=border_mode,
        dim_ordering="tf",
        weights=DECONVOLUTION,
        convention="tensorflow",
        backend=backend_name,
    )
    assert to_list(layer, np.arange(1.0, 9).reshape(1, 2, 2, 2)) == expected


def assert_named(layer: Layer, stem: str) -> None:
    """Assert that a layer's own name is the stem and a number."""
    found, _, number = layer.name.rpartition("_")
    assert (found, number.isdigit()) == (stem, True)


def to_list(layer: Layer, x: Any) -> list[float]:
    """Return a layer's output for a float32 input, flat."""
    return list(to_numpy(layer(x.astype("float32"))).ravel().tolist())
