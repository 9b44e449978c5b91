"""MobileNet (Howard and others, 2017), which Keras 2 has."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from convdispatch.errors import InvalidArgument
from convdispatch.runtime.selection import image_data_format
from convdispatch.utilities.networks.blocks import Blocks
from convdispatch.utilities.networks.making import fill, require_weights
from convdispatch.utilities.networks.pictures import obtain_input_shape

_SIZES = (128, 160, 192, 224)
_WIDTHS = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}
# Of each block: how many filters, and its stride.
_STEPS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)


def network(door: str) -> Callable[..., Any]:
    """Return the function that makes the network of a façade's layers."""

    def MobileNet(  # noqa: N802  # Keras's name
        input_shape: Any = None,
        alpha: float = 1.0,
        depth_multiplier: int = 1,
        dropout: float = 1e-3,
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
    ) -> Any:
        """Return MobileNet, with drawn weights or with those of a local file."""
        require_weights(weights, classes, include_top=include_top)
        size = _size(input_shape)
        place = image_data_format()
        shape = obtain_input_shape(input_shape, size, 32, place, include_top, weights)
        rows = shape[0 if place == "channels_last" else 1]
        name = _file(weights, alpha, rows, depth_multiplier, include_top)
        blocks = Blocks(door)
        x, inputs = blocks.entered(input_tensor, shape)
        y = _body(blocks, x, alpha, depth_multiplier)
        y = _top(blocks, y, alpha, dropout, classes) if include_top else y
        y = blocks.pooled(y, include_top, pooling)
        model = blocks.models.Model(inputs, y, name=f"mobilenet_{alpha:0.2f}_{rows}")
        fill(model, weights, name)
        return model

    return MobileNet


def _size(input_shape: Any) -> int:
    if input_shape is None:
        return 224
    rows, columns = input_shape[:2] if image_data_format() == "channels_last" else input_shape[1:3]
    return int(rows) if rows == columns and rows in _SIZES else 224


def _file(weights: Any, alpha: float, rows: Any, multiplier: int, include_top: bool) -> str:
    """Return the name of the file of ImageNet's weights; raise where there is none."""
    if weights != "imagenet":
        return ""
    if multiplier != 1 or alpha not in _WIDTHS or rows not in (*_SIZES, None):
        raise InvalidArgument(
            "MobileNet's weights of ImageNet are for `depth_multiplier=1`, an `alpha` of "
            f"{', '.join(map(str, _WIDTHS))}, and squares of {', '.join(map(str, _SIZES))} rows; "
            f"received {multiplier}, {alpha} and {rows}."
        )
    return f"mobilenet_{_WIDTHS[alpha]}_{rows or 224}_tf{'' if include_top else '_no_top'}.h5"


def _body(blocks: Blocks, x: Any, alpha: float, multiplier: int) -> Any:
    layers = blocks.layers
    x = blocks.padded(x, ((0, 1), (0, 1)), "conv1_pad")
    x = blocks.conv(x, int(32 * alpha), (3, 3), strides=(2, 2), bias=False, name="conv1")
    x = layers.ReLU(6.0, name="conv1_relu")(blocks.norm(x, "conv1_bn"))
    for block, (filters, stride) in enumerate(_STEPS, 1):
        if stride == 2:
            x = blocks.padded(x, ((0, 1), (0, 1)), f"conv_pad_{block}")
        x = layers.DepthwiseConv2D(
            (3, 3),
            padding="same" if stride == 1 else "valid",
            depth_multiplier=multiplier,
            strides=(stride, stride),
            use_bias=False,
            name=f"conv_dw_{block}",
        )(x)
        x = layers.ReLU(6.0, name=f"conv_dw_{block}_relu")(blocks.norm(x, f"conv_dw_{block}_bn"))
        name = f"conv_pw_{block}"
        x = blocks.conv(x, int(filters * alpha), (1, 1), padding="same", bias=False, name=name)
        x = layers.ReLU(6.0, name=f"{name}_relu")(blocks.norm(x, f"{name}_bn"))
    return x


def _top(blocks: Blocks, x: Any, alpha: float, dropout: float, classes: int) -> Any:
    layers, width = blocks.layers, int(1024 * alpha)
    shape = (1, 1, width) if blocks.axis == 3 else (width, 1, 1)
    x = layers.Reshape(shape, name="reshape_1")(blocks.mean(x))
    x = layers.Dropout(dropout, name="dropout")(x)
    x = blocks.conv(x, classes, (1, 1), padding="same", name="conv_preds")
    x = layers.Activation("softmax", name="act_softmax")(x)
    return layers.Reshape((classes,), name="reshape_2")(x)


def relu6(door: str) -> Callable[[Any], Any]:
    """Return the activation of Keras 2.1's MobileNet."""

    def relu6(x: Any) -> Any:
        """Return what is positive, 6 at most."""
        backend: Any = importlib.import_module(f"convdispatch.{door}.backend")
        return backend.relu(x, max_value=6)

    return relu6
