"""The conformance suite's rows of layers, as Keras 1 and Keras 2 spell them.

The spellings and the axes of kernels are written down here from the documentation of both Kerases,
apart from the tables of `convdispatch.doors`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from handmade_cases import numbers_shape

from convdispatch import keras1, keras2
from convdispatch.conformance.cases.layer_rows import SETTINGS, LayerRow, array
from convdispatch.layers import Layer

# What Keras 1 calls a class, without and with a dilation.
_KERAS1_CLASSES = {
    "Conv1D": ("Convolution1D", "AtrousConvolution1D"),
    "Conv2D": ("Convolution2D", "AtrousConvolution2D"),
    "Conv3D": ("Convolution3D",),
    "SeparableConv2D": ("SeparableConvolution2D",),
    "Conv2DTranspose": ("Deconvolution2D",),
    "Cropping1D": ("Cropping1D",),
    "Cropping2D": ("Cropping2D",),
    "Cropping3D": ("Cropping3D",),
    "UpSampling2D": ("UpSampling2D",),
    "ZeroPadding2D": ("ZeroPadding2D",),
}
_KERAS1_NAMES = {
    "filters": "nb_filter",
    "strides": "subsample",
    "padding": "border_mode",
    "dilation_rate": "atrous_rate",
    "use_bias": "bias",
}
# Keras 1 and 2 lack these arguments. Their 'hard_sigmoid' is another formula, and so is Keras 1's
# 'softmax'.
_NOT_IN_KERAS2 = ("groups", "output_size")
_NOT_IN_KERAS1 = ("groups", "interpolation")
_OTHER_FORMULAS = ("hard_sigmoid", "softmax")


@dataclass(frozen=True, kw_only=True)
class Keras2Row(LayerRow):
    """A row whose layer is Keras 2's, with the same arguments and the same weights."""

    def make(self, backend: str, **options: Any) -> Layer:
        """Return the layer on that backend; `options` replace arguments of the row."""
        return self._made(getattr(keras2.layers, self.layer), backend, **options)


@dataclass(frozen=True, kw_only=True)
class Keras1Row(LayerRow):
    """A row whose layer is Keras 1's: it has other names, and kernels with other axes."""

    def make(self, backend: str, **options: Any) -> Layer:
        """Return the layer on that backend; `options` replace arguments of the row."""
        stated = {**SETTINGS, "dtype": self.dtype, **self.arguments, **options}
        is_first = stated.pop("data_format") == "channels_first"
        plain, *dilated = _KERAS1_CLASSES[self.layer]
        name = dilated[0] if "dilation_rate" in stated and dilated else plain
        rank = int(name[-2])
        if rank > 1:
            stated["dim_ordering"] = "th" if is_first else "tf"
        if self.layer == "Conv2DTranspose":
            stated = {key: stated[key] for key in stated if not key.startswith("output_")}
            stated["output_shape"] = (None, *numbers_shape(self)[1:])
        layer: Layer = getattr(keras1.layers, name)(
            *_sizes(stated, rank),
            **_renamed(stated, rank),
            weights=[_stored(self.layer, array(w), is_first) for w in self.weights] or None,
            backend=backend,
        )
        return layer


def in_keras2(row: LayerRow) -> Keras2Row | None:
    """Return the row as Keras 2 spells it, None where it has no such argument or formula."""
    is_other = row.arguments.get("activation") == "hard_sigmoid"
    if is_other or any(name in row.arguments for name in _NOT_IN_KERAS2):
        return None
    return Keras2Row(**_fields(row))


def in_keras1(row: LayerRow) -> Keras1Row | None:
    """Return the row as Keras 1 spells it, None where it has no such class or argument."""
    classes = _KERAS1_CLASSES.get(row.layer, ())
    is_first = row.arguments.get("data_format") == "channels_first"
    if (
        not classes
        or row.arguments.get("activation") in _OTHER_FORMULAS
        or any(name in row.arguments for name in _NOT_IN_KERAS1)
        or row.arguments.get("padding") == "causal"
        or ("dilation_rate" in row.arguments and len(classes) == 1)
        or (is_first and classes[0].endswith("1D"))
    ):
        return None
    return Keras1Row(**_fields(row))


def _fields(row: LayerRow) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _sizes(stated: dict[str, Any], rank: int) -> tuple[int, ...]:
    """Take the kernel's sizes from the arguments: Keras 1 has an argument for each axis."""
    if "kernel_size" not in stated:
        return ()
    size = stated.pop("kernel_size")
    return (stated.pop("filters"), *((size,) * rank if isinstance(size, int) else size))


def _renamed(stated: dict[str, Any], rank: int) -> dict[str, Any]:
    renamed = {}
    for name, value in stated.items():
        if name in ("strides", "dilation_rate"):
            pair = (value,) * rank if isinstance(value, int) else value
            if rank == 1:
                renamed[{"strides": "subsample_length"}.get(name, "atrous_rate")] = pair[0]
            else:
                renamed[_KERAS1_NAMES[name]] = pair
        elif name == "padding" and not isinstance(value, str):
            renamed[name] = np.ravel(value).tolist()  # ZeroPadding2D: top, bottom, left, right
        else:
            renamed[_KERAS1_NAMES.get(name, name)] = value
    return renamed


def _stored(layer: str, weight: Any, is_first: bool) -> Any:
    """Return the weight with its axes in the order in which Keras 1 stores them."""
    if weight.ndim == 1:
        return weight
    if layer == "Conv1D":
        return weight[:, np.newaxis]
    if layer == "Conv2DTranspose":
        weight = np.swapaxes(weight, -1, -2)
    spatial = tuple(range(weight.ndim - 2))
    return weight.transpose(-1, -2, *spatial) if is_first else weight
