"""What Keras 1 alone has: stated sizes, and faults of its own that are not repeated."""

from __future__ import annotations

import numpy as np
import pytest

from convdispatch import keras1, to_numpy
from convdispatch.errors import InvalidShape
from convdispatch.layers import Layer


def deconvolution(size: int, taps: int, border_mode: str) -> Layer:
    """Return Keras 1's layer over rows, stride 2, that is to give `size` rows."""
    return keras1.layers.Deconvolution2D(
        1,
        taps,
        1,
        (None, size, 1, 1),
        border_mode=border_mode,
        subsample=(2, 1),
        dim_ordering="tf",
    )


@pytest.mark.parametrize(
    ("size", "taps", "border_mode", "allowed"),
    [
        (24, 3, "valid", "25 to 26"),
        (27, 3, "valid", "25 to 26"),
        (22, 3, "same", "23 to 24"),
        (25, 3, "same", "23 to 24"),
        (22, 4, "same", "23 to 24"),
        (25, 4, "same", "23 to 24"),
    ],
)
def test_deconvolution_refuses_every_other_size(
    size: int, taps: int, border_mode: str, allowed: str
) -> None:
    """With an even kernel the formula of Keras's page gives 22, which no convolution can undo."""
    layer = deconvolution(size, taps, border_mode)
    with pytest.raises(InvalidShape, match=f"`output_shape` asks for {size} cells.*{allowed}"):
        layer.compute_output_shape((None, 12, 1, 1))


def test_keras1_has_no_softmax_of_images(backend_name: str) -> None:
    """Keras 1's softmax takes rank 2 or 3, and says so."""
    layer = keras1.layers.Convolution2D(2, 1, 1, activation="softmax", backend=backend_name)
    with pytest.raises(InvalidShape, match="rank 2 or 3, received rank 4"):
        layer(np.ones((1, 1, 1, 4), "float32"))


def test_keras1_pads_without_printing(
    backend_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Keras 1's Theano backend printed the shapes of an asymmetric padding."""
    layer = keras1.layers.ZeroPadding2D((1, 0, 0, 2), dim_ordering="tf", backend=backend_name)
    y = to_numpy(layer(np.ones((1, 1, 1, 1), "float32")))
    assert y[0, ..., 0].tolist() == [[0, 0, 0], [1, 0, 0]]
    assert capsys.readouterr() == ("", "")


def test_keras1_separable_regularizers_keep_their_places() -> None:
    """Keras 1 wrote the depthwise regularizer over the pointwise one."""
    layer = keras1.layers.SeparableConvolution2D(
        1, 2, 2, depthwise_regularizer="l1", pointwise_regularizer="l2"
    )
    config = layer.get_config()
    again = keras1.layers.SeparableConvolution2D.from_config(config).get_config()
    assert again == config
    assert config["depthwise_regularizer"]["l1"] == 0.01
    assert config["pointwise_regularizer"]["l2"] == 0.01
