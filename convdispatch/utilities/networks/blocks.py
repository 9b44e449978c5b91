"""The layers that networks are made of, in the words of either façade."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from convdispatch.runtime.selection import image_data_format
from convdispatch.symbolic.state import is_keras_tensor
from convdispatch.utilities.graphs import get_source_inputs


class Blocks:
    """Calls one façade's layers with tensors."""

    def __init__(self, door: str) -> None:
        self.layers: Any = importlib.import_module(f"convdispatch.{door}.layers")
        self.models: Any = importlib.import_module(f"convdispatch.{door}.models")
        self.is_old = door == "keras1"

    def entered(self, tensor: Any, shape: Any) -> tuple[Any, Any]:
        """Return what a network begins with, and the inputs of its model.

        tensor: of a caller's, or None. One that no layer made, such as `K.concatenate` returns,
            gets an input of its own, which stands for it.
        shape: without the batch axis, where there is no tensor.
        """
        if tensor is None or not is_keras_tensor(tensor):
            x = self.layers.Input(shape=shape, tensor=tensor)
            return x, x
        sources = get_source_inputs(tensor)
        return tensor, sources if len(sources) > 1 else sources[0]

    @property
    def axis(self) -> int:
        """Where the channels are."""
        return 1 if image_data_format() == "channels_first" else 3

    def conv(
        self,
        x: Any,
        filters: int,
        size: tuple[int, int],
        *,
        strides: tuple[int, int] = (1, 1),
        padding: str = "valid",
        bias: bool = True,
        activation: str | None = None,
        init: str = "glorot_uniform",
        name: str | None = None,
    ) -> Any:
        """Return a convolution of x."""
        if self.is_old:
            layer = self.layers.Convolution2D(
                filters, *size, subsample=strides, border_mode=padding, bias=bias,
                activation=activation, init=init, name=name,
            )  # fmt: skip
        else:
            layer = self.layers.Conv2D(
                filters, size, strides=strides, padding=padding, use_bias=bias,
                activation=activation, kernel_initializer=init, name=name,
            )  # fmt: skip
        return layer(x)

    def separable(self, x: Any, filters: int, name: str) -> Any:
        """Return a separable convolution of x by kernels of 3 x 3, of the same size."""
        if self.is_old:
            layer = self.layers.SeparableConvolution2D(
                filters, 3, 3, border_mode="same", bias=False, name=name
            )
        else:
            layer = self.layers.SeparableConv2D(
                filters, 3, padding="same", use_bias=False, name=name
            )
        return layer(x)

    def norm(self, x: Any, name: str | None = None, *, scale: bool = True) -> Any:
        """Return x with each channel normalized."""
        more = {} if self.is_old or scale else {"scale": False}
        return self.layers.BatchNormalization(axis=self.axis, name=name, **more)(x)

    def relu(self, x: Any, name: str | None = None) -> Any:
        """Return what is positive."""
        return self.layers.Activation("relu", name=name)(x)

    def largest(
        self,
        x: Any,
        size: int,
        strides: int,
        padding: str = "valid",
        name: str | None = None,
    ) -> Any:
        """Return the greatest number of each window."""
        return self._pool("MaxPooling2D", x, size, strides, padding, name)

    def average(
        self,
        x: Any,
        size: int,
        strides: int,
        padding: str = "valid",
        name: str | None = None,
    ) -> Any:
        """Return the mean of each window."""
        return self._pool("AveragePooling2D", x, size, strides, padding, name)

    def _pool(
        self, kind: str, x: Any, size: int, strides: int, padding: str, name: str | None
    ) -> Any:
        word = {"border_mode" if self.is_old else "padding": padding}
        pool = getattr(self.layers, kind)
        return pool((size, size), strides=(strides, strides), name=name, **word)(x)

    def padded(self, x: Any, padding: Any, name: str | None = None) -> Any:
        """Return x with zeros around it."""
        return self.layers.ZeroPadding2D(padding, name=name)(x)

    def sum(self, x: Sequence[Any]) -> Any:
        """Return the sum of tensors."""
        if self.is_old:
            return self.layers.merge(list(x), mode="sum")
        return self.layers.add(list(x))

    def joined(self, x: Sequence[Any], name: str | None = None) -> Any:
        """Return the channels of tensors one after the other."""
        if self.is_old:
            return self.layers.merge(list(x), mode="concat", concat_axis=self.axis, name=name)
        return self.layers.concatenate(list(x), axis=self.axis, name=name)

    def flat(self, x: Any, name: str | None = None) -> Any:
        """Return x as rows."""
        return self.layers.Flatten(name=name)(x)

    def dense(self, x: Any, units: int, activation: str, name: str) -> Any:
        """Return products with a matrix."""
        return self.layers.Dense(units, activation=activation, name=name)(x)

    def mean(self, x: Any, name: str | None = None) -> Any:
        """Return the mean of each channel."""
        return self.layers.GlobalAveragePooling2D(name=name)(x)

    def pooled(self, x: Any, include_top: bool, pooling: str | None) -> Any:
        """Return the features of a network without its top as rows, where that is asked for."""
        if include_top or pooling is None:
            return x
        return self.mean(x) if pooling == "avg" else self.layers.GlobalMaxPooling2D()(x)
