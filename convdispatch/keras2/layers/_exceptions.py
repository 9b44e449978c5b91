"""Differences of Keras 2's layers beyond names, orders and defaults.

Each class stands between a class of Keras 2 and the one of `convdispatch.layers`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from convdispatch import layers
from convdispatch.engine.arguments import as_choice, as_int
from convdispatch.engine.layer_options import layer_convention
from convdispatch.errors import InvalidArgument
from convdispatch.facades.input_length import InputByLength, InputByWidth
from convdispatch.facades.own_functions import ScriptFunction
from convdispatch.facades.own_wrappers import BothWays, Distributed
from convdispatch.support.warnings import warn
from convdispatch.symbolic.own_merging import MergedBy


class Separable(layers.Layer):
    """Takes the arguments that Keras 2's separable layers inherited and never used."""

    def _init(
        self,
        *arguments: Any,
        kernel_initializer: object = None,
        kernel_regularizer: object = None,
        kernel_constraint: object = None,
        **options: Any,
    ) -> None:
        unused = {
            "initializer": kernel_initializer,
            "regularizer": kernel_regularizer,
            "constraint": kernel_constraint,
        }
        for kind, value in unused.items():
            if value is not None:
                warn(
                    f"`kernel_{kind}` has no effect on {type(self).__name__}, as in Keras 2. Use "
                    f"`depthwise_{kind}` or `pointwise_{kind}`."
                )
        super().__init__(*arguments, **options)

    if not TYPE_CHECKING:  # a type checker refuses them
        __init__ = _init


class Rows(InputByLength):
    """A recurrent layer that may be told which of Keras 2's programs computes, to no effect."""

    def __init__(self, *, implementation: int = 1, **options: Any) -> None:
        self.implementation = as_int(implementation, "implementation", minimum=0)
        if self.implementation not in (0, 1, 2):
            raise InvalidArgument(
                f"`implementation` must be 0, 1 or 2, which give the same numbers; received "
                f"{implementation!r}."
            )
        super().__init__(**options)

    @property
    def cell(self) -> CellOf:
        """What Keras 2 calls the cell: here the layer computes the steps itself."""
        return CellOf(self)


class CellOf:
    """The layer's own attributes, as those of its cell."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    @property
    def state_size(self) -> Any:
        """The size of each state."""
        count = self._layer._state_count
        return self._layer.units if count == 1 else (self._layer.units,) * count

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the losses of the weights, for None; the cell has no other."""
        found: list[Any] = self._layer.get_losses_for(None) if inputs is None else []
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)


class Gated(Rows):
    """A recurrent layer whose configuration has it; that of Keras 2.2.4's SimpleRNN has not."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"implementation": self.implementation}


class Sloped(layers.LeakyReLU):
    """A leaky rectifier whose slope may be negative."""

    least_slope: ClassVar[float] = -math.inf


class Grid(layers.UpSampling2D):
    """Interpolates on the grid of a convention, or on the one that is asked for.

    TensorFlow 1 sampled cell i of n at i * m / n, without aligned corners, and Theano the same for
    the factor 2 that it had. TensorFlow 2 samples between the centres of cells.
    """

    def __init__(self, *, coordinates: str | None = None, **options: Any) -> None:
        if coordinates is None:
            convention = layer_convention(options)
            coordinates = "asymmetric" if convention == "theano" else "half_pixel"
        self.coordinates = as_choice(coordinates, ("asymmetric", "half_pixel"), "coordinates")
        super().__init__(**options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types, with the grid where there is one."""
        grid = {"coordinates": self.coordinates} if self.interpolation == "bilinear" else {}
        return super().get_config() | grid


_BY_CELL = ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
EXCEPTIONS: Mapping[str, type[layers.Layer]] = {
    **dict.fromkeys(_BY_CELL, MergedBy),
    "Bidirectional": BothWays,
    "Conv1D": InputByLength,
    "Dense": InputByWidth,
    "GRU": Gated,
    "Lambda": ScriptFunction,
    "LSTM": Gated,
    "LeakyReLU": Sloped,
    "LocallyConnected1D": InputByLength,
    "SeparableConv1D": Separable,
    "SeparableConv2D": Separable,
    "SimpleRNN": Rows,
    "TimeDistributed": Distributed,
    "UpSampling2D": Grid,
}
