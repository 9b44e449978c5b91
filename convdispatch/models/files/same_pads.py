"""Pads that no word of a Keras means: zeros before a convolution, cropping behind a transpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch import layers
from convdispatch.engine.specs import Spec
from convdispatch.models.files.other_words import in_words
from convdispatch.ops import Conv, ConvTranspose

Same = Callable[[dict[str, Any], Any], Any]


def explicit(layer: Any, dialect: str, convention: str, same: Same) -> list[Any] | None:
    """Return layers that do what a layer with other pads does, None if there are none.

    `same` makes a layer with changed arguments, for inputs of a shape.
    """
    op = _op(layer)
    valid = {"convention": convention, "padding": "valid"}
    if isinstance(op, Conv):
        return _padded(layer, op, dialect, lambda shape: same(valid, shape))
    if isinstance(op, ConvTranspose):
        return _cropped(layer, op, dialect, lambda more: same({**valid, **more}, layer.built_shape))
    return None


def _op(layer: Any) -> Any:
    """Return the op that reads the layer's input, None of a layer with other things to do."""
    plan = layer._make_plan(Spec(layer.built_shape, layer.input_dtype))
    return plan.ops[0][0] if plan.ops else None


def _padded(layer: Any, op: Conv, dialect: str, same: Callable[[Any], Any]) -> list[Any] | None:
    if not isinstance(getattr(layer, "padding", None), str) or not hasattr(layer, "data_format"):
        return None
    if len(layer.built_shape) != layer.rank + 2:  # of sequences of images
        return None
    pads = list(op.pads)[-layer.rank :]
    zeros = _beside(layer, "ZeroPadding", dialect, pads)
    zeros.build(layer.built_shape)
    shape = zeros.compute_output_shape(layer.built_shape)
    made = same(shape)
    return None if made is None else [zeros, made]


def _cropped(
    layer: Any, op: ConvTranspose, dialect: str, same: Callable[[dict[str, Any]], Any]
) -> list[Any] | None:
    reach = [(k - 1) * d + 1 for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    sizes: Any = layer._spatial(layer.built_shape)
    wanted_sizes: Any = op.output_size
    if None in sizes or None in wanted_sizes:
        return None
    strides = layer.strides
    crops, extras = [], []
    for size, own, stride, (low, _), wanted in zip(
        sizes, reach, strides, op.pads, wanted_sizes, strict=True
    ):
        full = (size - 1) * stride + own
        extra = max(low + wanted - full, 0)
        if extra >= max(stride, 1) and extra:
            return None
        extras.append(extra)
        crops.append((low, full + extra - low - wanted))
    made = same({"output_size": None, "output_padding": tuple(extras)})
    if made is None:
        return None
    if not any(any(pair) for pair in crops):
        return [made]
    return [made, _beside(layer, "Cropping", dialect, crops)]


def _beside(layer: Any, stem: str, dialect: str, sides: Any) -> Any:
    """Return a layer of zeros or of cropping beside another one, in the dialect's words."""
    word = "padding" if stem == "ZeroPadding" else "cropping"
    like = getattr(layers, f"{stem}{layer.rank}D")(
        **{word: sides[0] if layer.rank == 1 else tuple(sides)},
        data_format=layer.data_format,
        name=f"{layer.name}_{word}",
        dtype=layer.dtype,
        backend=layer.backend,
        convention="tensorflow",
    )
    return next(in_words(like, dialect, {"convention": "tensorflow"}))
