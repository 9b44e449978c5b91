"""Sizes in the order of the other data format: the error says what the user may have meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from convdispatch import keras1, keras2, layers, models
from convdispatch.errors import InvalidShape

K1, K2 = keras1.layers, keras2.layers
OURS = ("data_format", "channels_first", "channels_last")
OLD = ("dim_ordering", "th", "tf")
# A stack of layers that an input with its channels first makes impossible, and the words for it.
STACKS: dict[str, tuple[Callable[[], list[Any]], tuple[str, str, str]]] = {
    "keras1": (lambda: [K1.Convolution2D(8, 3, 3, input_shape=(1, 28, 28))], OLD),
    "keras1, later": (
        lambda: [
            K1.ZeroPadding2D((1, 1), input_shape=(3, 224, 224)),
            K1.Convolution2D(64, 3, 3),
            K1.Convolution2D(64, 3, 3),
            K1.MaxPooling2D((2, 2)),
        ],
        OLD,
    ),
    "keras1, pooling": (
        lambda: [
            K1.Convolution2D(8, 3, 3, border_mode="same", input_shape=(1, 28, 28)),
            K1.MaxPooling2D((2, 2)),
        ],
        OLD,
    ),
    "keras1, volumes": (
        lambda: [K1.Convolution3D(8, 3, 3, 3, input_shape=(1, 8, 28, 28))],
        OLD,
    ),
    "keras2": (lambda: [K2.Conv2D(8, 3, input_shape=(1, 28, 28))], OURS),
    "ours": (lambda: [layers.Conv2D(8, 3, input_shape=(1, 28, 28))], OURS),
    "separable": (lambda: [layers.SeparableConv2D(8, 3, input_shape=(1, 28, 28))], OURS),
    "depthwise": (lambda: [layers.DepthwiseConv2D(3, input_shape=(1, 28, 28))], OURS),
    "cropping": (lambda: [layers.Cropping2D(2, input_shape=(3, 28, 28))], OURS),
}


@pytest.mark.parametrize("case", STACKS)
def test_channels_first_where_they_are_last(case: str) -> None:
    """Whichever layer meets it, in its Keras's words, and with the setting for all layers."""
    make, (argument, first, last) = STACKS[case]
    with pytest.raises(InvalidShape) as caught:
        models.Sequential(make())
    said = str(caught.value)
    assert f"`{argument}` {last!r} takes from the last axis, pass `{argument}={first!r}`" in said
    assert said.endswith(
        'or write "image_data_format": "channels_first" in keras.json for all layers.'
    )


def test_channels_last_where_they_are_first() -> None:
    """The other way round."""
    with pytest.raises(InvalidShape, match=r"the axis of 1 cells .*pass `dim_ordering='tf'`, or"):
        K1.Convolution2D(8, 3, 3, dim_ordering="th").compute_output_shape((None, 28, 28, 1))


@pytest.mark.parametrize(
    "shape", [(2, 2, 3), (28, 1, 3), (2, None, 3)], ids=["equal", "the second axis", "unknown"]
)
def test_other_small_inputs_get_no_advice(shape: Any) -> None:
    """Only the place of the channels in the other format may hold them."""
    with pytest.raises(InvalidShape, match=r"Use a larger input or change that argument\.$"):
        layers.Conv2D(8, 3).compute_output_shape((None, *shape))


def test_layers_without_the_argument_get_no_advice() -> None:
    """Keras 1's sequences have their channels last."""
    with pytest.raises(InvalidShape, match=r"change that argument\.$"):
        K1.Convolution1D(8, 3).compute_output_shape((None, 1, 28))
