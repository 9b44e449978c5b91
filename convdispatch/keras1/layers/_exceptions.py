"""Differences of Keras 1's layers beyond names, orders and defaults.

Each class stands between a class of Keras 1 and the one that it translates, so it has the words of
`convdispatch.layers`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from convdispatch import layers
from convdispatch.engine.arguments import as_float, as_partial_shape
from convdispatch.errors import InvalidArgument
from convdispatch.facades.input_length import InputByLength, InputByWidth
from convdispatch.facades.own_functions import ScriptFunction
from convdispatch.facades.own_wrappers import BothWays, Distributed
from convdispatch.keras1.layers._modes import ByMode
from convdispatch.keras1.layers._recurrent import FourGates, FourKernels, OneGate, ThreeGates
from convdispatch.ops import PartialShape


class Announced(InputByLength):
    """A layer of sequences whose configuration has what it was told of its input."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        announced = {"input_dim": self.input_dim, "input_length": self.input_length}
        return super().get_config() | announced


class Sequences(Announced, layers.Conv1D):
    """Convolutions of sequences, without 'causal'."""

    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "full")


class Rows(InputByWidth):
    """Products with a matrix of rows of numbers."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"input_dim": self.input_dim}


class RowOfAll(layers.Flatten):
    """Numbers in the order in which they are kept, wherever the channels are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(data_format="channels_last", **options)


class DroppedRows(layers.Embedding):
    """An embedding that may leave out rows of its table in training."""

    def __init__(self, *, dropout: float, **options: Any) -> None:
        super().__init__(**options)
        self.drop_rate = as_float(dropout, "dropout", maximum=1.0)

    @property
    def dropout(self) -> float:
        """The share of the table's rows that are left out in training."""
        return self.drop_rate

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"dropout": self.drop_rate}


class Deconvolution(layers.Conv2DTranspose):
    """A transposed convolution that is told its output's whole shape."""

    def __init__(self, *, output_size: Any, **options: Any) -> None:
        self._stated_shape = as_partial_shape(output_size, self.spelled("output_size"))
        super().__init__(**options)
        self.output_size = self._stated_size(self._stated_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"output_size": self._stated_shape}

    def _stated_size(self, shape: PartialShape) -> tuple[int, ...]:
        channels_axis = -1 if self.channels_last else 1
        sizes = [size for size in self._spatial(shape) if size]
        if len(shape) != 4 or len(sizes) != 2 or shape[channels_axis] not in (None, self.filters):
            order = "rows, cols, nb_filter" if self.channels_last else "nb_filter, rows, cols"
            ordering = self.in_own_words("data_format", self.data_format)
            raise InvalidArgument(
                f"`output_shape` must be (batch, {order}) under dim_ordering {ordering!r}, with "
                f"known rows and cols of at least 1 and with "
                f"{self.filters} or None for nb_filter; received {shape}."
            )
        return tuple(sizes)


class Separable(layers.SeparableConv2D):
    """A separable convolution whose kernels are drawn alike."""

    def __init__(self, *, depthwise_initializer: Any, **options: Any) -> None:
        super().__init__(
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=depthwise_initializer,
            **options,
        )


class Padding1D(layers.ZeroPadding1D):
    """Zero padding whose sides may be named."""

    def __init__(self, *, padding: Any, **options: Any) -> None:
        super().__init__(padding=_sides(padding, ("left_pad", "right_pad")), **options)


class Padding2D(layers.ZeroPadding2D):
    """Zero padding whose sides may be named, or stand in a row."""

    def __init__(self, *, padding: Any, **options: Any) -> None:
        sides = _sides(padding, ("top_pad", "bottom_pad", "left_pad", "right_pad"))
        if isinstance(sides, Sequence) and len(sides) == 4:
            sides = (tuple(sides[:2]), tuple(sides[2:]))
        super().__init__(padding=sides, **options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types, the four sides in a row."""
        return super().get_config() | {"padding": tuple(itertools.chain(*self.padding))}


class Padding3D(layers.ZeroPadding3D):
    """Zero padding with one number an axis, for both of its sides."""

    def __init__(self, *, padding: Any, **options: Any) -> None:
        super().__init__(padding=padding, **options)
        if any(low != high for low, high in self.padding):
            raise InvalidArgument(
                f"`padding` must be three integers, each for both sides of its axis; received "
                f"{self.padding!r}. Two numbers an axis came with Keras 2."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types, one number an axis."""
        return super().get_config() | {"padding": tuple(low for low, _ in self.padding)}


def _sides(padding: Any, names: Sequence[str]) -> Any:
    """Return the sides that a dictionary names, in order, or any other padding unchanged."""
    if not isinstance(padding, Mapping):
        return padding
    unknown = [name for name in padding if name not in names]
    if unknown:
        raise InvalidArgument(
            f"`padding` may have the keys {', '.join(map(repr, names))}; received {unknown[0]!r}."
        )
    return tuple(padding.get(name, 0) for name in names)


class Sloped(layers.LeakyReLU):
    """A leaky rectifier whose slope may be negative."""

    least_slope: ClassVar[float] = -math.inf


EXCEPTIONS: Mapping[str, type[layers.Layer]] = {
    "AtrousConvolution1D": Sequences,
    "BatchNormalization": ByMode,
    "Bidirectional": BothWays,
    "ConvLSTM2D": FourKernels,
    "Convolution1D": Sequences,
    "Deconvolution2D": Deconvolution,
    "Dense": Rows,
    "Embedding": DroppedRows,
    "Flatten": RowOfAll,
    "GRU": ThreeGates,
    "Lambda": ScriptFunction,
    "LSTM": FourGates,
    "LeakyReLU": Sloped,
    "LocallyConnected1D": Announced,
    "SeparableConvolution2D": Separable,
    "SimpleRNN": OneGate,
    "TimeDistributed": Distributed,
    "ZeroPadding1D": Padding1D,
    "ZeroPadding2D": Padding2D,
    "ZeroPadding3D": Padding3D,
}
