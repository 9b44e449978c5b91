"""Weights that were trained by another convention or with the channels elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument
from convdispatch.models.parts import parts_of
from convdispatch.utilities.windows import convert_kernel

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose")


def convert_all_kernels_in_model(model: Any) -> None:
    """Reverse the kernels of all convolutions of a model, from Theano's to TensorFlow's or back."""
    for layer in convolutions(model):
        weights = layer.get_weights()
        if weights:
            weights[0] = _reversed(layer, weights[0])
            layer.set_weights(weights)


def convolutions(model: Any) -> list[Any]:
    """Return the convolutions of a model, nested models' too, each once."""
    return [layer for layer in parts_of(model).layers if _likeness(layer) in _CONVOLUTIONS]


def _likeness(layer: Any) -> str:
    row = getattr(layer, "row", None)
    return type(layer).__name__ if row is None else str(row.likeness)


def _reversed(layer: Any, kernel: Any) -> Any:
    """Return a stored kernel with its cells reversed along its spatial axes."""
    if kernel.ndim < 3 or getattr(layer, "dim_ordering", "tf") == "tf":
        return convert_kernel(kernel)
    return np.flip(kernel, tuple(range(2, kernel.ndim))).copy()


def convert_dense_weights_data_format(
    dense: Any, previous_feature_map_shape: Any, target_data_format: str = "channels_first"
) -> None:
    """Reorder the rows of a Dense layer's kernel for a flattened input with its channels elsewhere.

    previous_feature_map_shape: without the batch axis, before `Flatten`, in the target's order.
    """
    if target_data_format not in ("channels_first", "channels_last"):
        raise InvalidArgument(
            "`target_data_format` must be 'channels_first' or 'channels_last'; received "
            f"{target_data_format!r}."
        )
    kernel, *rest = dense.get_weights()
    shape = tuple(previous_feature_map_shape)
    if int(np.prod(shape)) != len(kernel):
        raise InvalidArgument(
            f"`previous_feature_map_shape` must have as many cells as the kernel has rows, "
            f"{len(kernel)}; received {shape}."
        )
    places = np.arange(len(kernel))
    if target_data_format == "channels_first":
        channels, *spatial = shape
        order = places.reshape(*spatial, channels).transpose(2, 0, 1)
    else:
        *spatial, channels = shape
        order = places.reshape(channels, *spatial).transpose(1, 2, 0)
    dense.set_weights([kernel[order.ravel()], *rest])


def print_layer_shapes(model: Any, input_shapes: Any = None) -> None:
    """Print the shapes of the inputs and outputs of every layer."""
    for layer in model.layers:
        shown = f"{layer.name}: {layer.input_shape} -> {layer.output_shape}"
        print(shown)  # noqa: T201 - what it is for
