"""Layers along one axis, on numbers small enough to check by hand.

A row is the cells of one channel along the first spatial axis; further spatial axes have one
cell. So one expected row serves every rank, data format and façade. All is float32, and integers
below 2**24 in it are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.layers import Layer

Array = npt.NDArray[Any]

_KERAS1_ONE_AXIS = MappingProxyType(
    {"strides": "subsample_length", "padding": "border_mode", "dilation_rate": "atrous_rate"}
)
_KERAS1 = MappingProxyType(
    {"strides": "subsample", "padding": "border_mode", "dilation_rate": "atrous_rate"}
)


@dataclass(frozen=True, kw_only=True)
class RowLayer:
    """A class of layers with one kernel along the row, and how it spells its arguments."""

    id: str
    layer_class: Any
    rank: int
    kernel_axes: tuple[int, ...] = ()  # a shape with -1 for the taps; () means Keras 2's
    spelling: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def make(self, kernel: Sequence[float], *, backend: str, **arguments: Any) -> Layer:
        """Return the layer without bias that has these taps."""
        sizes = self._sizes(len(kernel))
        taps = np.reshape(kernel, self.kernel_axes or (-1, *[1] * (self.rank + 1)))
        is_keras1, is_depthwise = bool(self.spelling), "Depthwise" in self.id
        pointwise = [np.ones([1] * (self.rank + 2))] if "Separable" in self.id else []
        spread = {
            self.spelling.get(name, name): self._argument(name, value)
            for name, value in arguments.items()
        }
        layer: Layer = self.layer_class(
            *([] if is_depthwise else [1]),
            *(sizes if is_keras1 else [sizes]),
            weights=[taps, *pointwise],
            backend=backend,
            dtype="float32",
            **({"bias": False} if is_keras1 else {"use_bias": False}),
            **{**self.options, **spread},
        )
        return layer

    def __call__(
        self, cells: Sequence[float], kernel: Sequence[float], *, backend: str, **arguments: Any
    ) -> list[float]:
        """Return the row that the layer with these taps gives for these cells."""
        layer = self.make(kernel, backend=backend, **arguments)
        return flat(layer(self.tensor(cells)))

    def tensor(self, cells: Sequence[float]) -> Array:
        """Return the row as an input of the layer: batch and channels of one."""
        ones = [1] * self.rank
        is_first = "first" in self.id
        return np.array(cells, "float32").reshape(
            (1, 1, -1, *ones[1:]) if is_first else (1, -1, *ones)
        )

    def _sizes(self, number: int) -> tuple[int, ...]:
        return (number, 1, 1)[: self.rank]

    def _argument(self, name: str, value: Any) -> Any:
        is_spread = name in ("strides", "dilation_rate", "output_padding") and value is not None
        if not is_spread or self.spelling is _KERAS1_ONE_AXIS:
            return value
        rest = (0, 0) if name == "output_padding" else (1, 1)
        return (value, *rest)[: self.rank]


def _plain(door: Any, name: str, rank: int) -> RowLayer:
    stem = door.__name__.removeprefix("convdispatch.").removesuffix(".layers")
    return RowLayer(id=f"{stem}.{name}", layer_class=getattr(door, name), rank=rank)


def _first(name: str, rank: int) -> RowLayer:
    return RowLayer(
        id=f"{name}-channels_first",
        layer_class=getattr(layers, name),
        rank=rank,
        options={"data_format": "channels_first"},
    )


# Layers that correlate, and under the convention 'theano' convolve.
FLIPPABLE = [
    _plain(layers, "Conv1D", 1),
    _plain(layers, "Conv2D", 2),
    _plain(layers, "Conv3D", 3),
    _first("Conv1D", 1),
    _first("Conv2D", 2),
    _plain(keras2.layers, "Conv2D", 2),
    RowLayer(
        id="keras1.AtrousConvolution1D",
        layer_class=keras1.layers.AtrousConvolution1D,
        rank=1,
        kernel_axes=(-1, 1, 1, 1),
        spelling=_KERAS1_ONE_AXIS,
    ),
    RowLayer(
        id="keras1.AtrousConvolution2D-tf",
        layer_class=keras1.layers.AtrousConvolution2D,
        rank=2,
        spelling=_KERAS1,
        options={"dim_ordering": "tf"},
    ),
    RowLayer(
        id="keras1.AtrousConvolution2D-th-channels_first",
        layer_class=keras1.layers.AtrousConvolution2D,
        rank=2,
        kernel_axes=(1, 1, -1, 1),
        spelling=_KERAS1,
        options={"dim_ordering": "th"},
    ),
]
# Layers that correlate under both conventions.
DEPTHWISE = [
    _plain(layers, "DepthwiseConv1D", 1),
    _plain(layers, "DepthwiseConv2D", 2),
    _first("DepthwiseConv2D", 2),
    _plain(layers, "SeparableConv1D", 1),
    _plain(keras2.layers, "SeparableConv2D", 2),
]
TRANSPOSED = [
    _plain(layers, "Conv1DTranspose", 1),
    _plain(layers, "Conv2DTranspose", 2),
    _plain(layers, "Conv3DTranspose", 3),
    _first("Conv2DTranspose", 2),
    _plain(keras2.layers, "Conv2DTranspose", 2),
]
CONVOLUTIONS = [*FLIPPABLE, *DEPTHWISE]
CONV1D, CONV1D_TRANSPOSE = FLIPPABLE[0], TRANSPOSED[0]


def flat(tensor: object) -> list[float]:
    """Return a tensor's numbers as one list."""
    numbers: list[float] = convdispatch.to_numpy(tensor).ravel().tolist()
    return numbers


def array(tensor: object) -> Array:
    """Return a tensor of any backend as an array."""
    return convdispatch.to_numpy(tensor)


def ones(*shape: int) -> Array:
    """Return ones of that shape."""
    return np.ones(shape, "float32")


def require_gradients(backend_name: str) -> None:
    """Skip the test where the backend cannot differentiate."""
    if backend_name == "numpy":
        pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def require_bfloat16(backend_name: str) -> None:
    """Skip the test where the backend has no bfloat16."""
    if backend_name == "numpy":
        pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")
