"""Claims about one spatial axis, for layers of every rank, layout and family alike.

The cells lie along one axis and every other spatial axis has one cell, so that one row of numbers
serves them all; which axis it is differs, so that a backend that takes one for another is caught.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases.layer_rows import LayerRow, nested, row_case

# Arguments with one number an axis, and the number that leaves an axis of one cell alone.
_NEUTRAL = {"strides": 1, "dilation_rate": 1, "output_padding": 0, "output_size": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """A class of layers, used along one of its axes.

    There is one channel, or two in a depthwise layer, which would be no such thing with one; the
    second channel has every number of the first twice.
    """

    layer: str
    rank: int
    axis: int = 0
    channels_first: bool = False

    @property
    def id(self) -> str:
        """The class in lower case, and its layout where the channels come first."""
        return self.layer.lower() + ("-first" if self.channels_first else "")

    def row(
        self,
        cells: Sequence[float],
        taps: Sequence[float],
        expected: Sequence[float],
        *,
        dtype: str = "float32",
        **arguments: Any,
    ) -> LayerRow:
        """Return the row that the layer with these taps and no bias turns cells into `expected`."""
        is_depthwise = self.layer.startswith("Depthwise")
        stated: dict[str, Any] = {} if is_depthwise else {"filters": self._channels}
        stated |= {"kernel_size": self._spread(len(taps), 1), "use_bias": False}
        if self.channels_first:
            stated["data_format"] = "channels_first"
        stated |= {name: self._argument(name, value) for name, value in arguments.items()}
        kernel = np.repeat(taps, self._channels).tolist()
        unmixed = nested((*(1,) * self.rank, 2, 2), (1, 0, 0, 1))
        return LayerRow(
            layer=self.layer,
            arguments=stated,
            weights=(
                nested((*self._spread(len(taps), 1), self._channels, 1), kernel),
                *([unmixed] if self.layer.startswith("Separable") else []),
            ),
            x=self.numbers(cells),
            expected=self.numbers(expected),
            dtype=dtype,
        )

    def numbers(self, cells: Sequence[float]) -> tuple[Any, ...]:
        """Return the cells as a tensor with a batch of one."""
        spatial = self._spread(len(cells), 1)
        channels = [[factor * cell for cell in cells] for factor in (1, 2)[: self._channels]]
        if self.channels_first:
            return nested((1, self._channels, *spatial), np.ravel(channels).tolist())
        return nested((1, *spatial, self._channels), np.transpose(channels).ravel().tolist())

    @property
    def _channels(self) -> int:
        return 2 if self.layer.startswith(("Depthwise", "Separable")) else 1

    def _argument(self, name: str, value: Any) -> Any:
        if name not in _NEUTRAL or value is None:
            return value
        return self._spread(value, _NEUTRAL[name])

    def _spread(self, number: int, neutral: int) -> tuple[int, ...]:
        return tuple(number if axis == self.axis else neutral for axis in range(self.rank))


# Layers that correlate, and under the convention 'theano' convolve.
FLIPPABLE = (
    Along(layer="Conv1D", rank=1),
    Along(layer="Conv2D", rank=2, axis=1, channels_first=True),
    Along(layer="Conv3D", rank=3, axis=1),
)
# Layers that correlate under both conventions.
DEPTHWISE = (
    Along(layer="DepthwiseConv1D", rank=1),
    Along(layer="DepthwiseConv2D", rank=2, axis=1, channels_first=True),
    Along(layer="SeparableConv2D", rank=2),
)
CONVOLUTIONS = (*FLIPPABLE, *DEPTHWISE)
TRANSPOSED = (
    Along(layer="Conv1DTranspose", rank=1),
    Along(layer="Conv2DTranspose", rank=2, axis=1, channels_first=True),
    Along(layer="Conv3DTranspose", rank=3, axis=2),
)
CONV1D = (FLIPPABLE[0], Along(layer="Conv1D", rank=1, channels_first=True))


@dataclass(frozen=True, slots=True)
class AxisClaim:
    """The results of layers along one axis, with given taps and no bias, for a few cells."""

    slug: str
    claim: str
    layers: tuple[Along, ...]
    cells: tuple[float, ...]
    taps: tuple[float, ...]
    arguments: dict[str, Any]
    expected: tuple[float, ...]
    dtype: str = "float32"
    level: str = "core"

    def cases(self) -> Iterator[Case]:
        """Yield a case for each class of layers."""
        for layer in self.layers:
            row = layer.row(
                self.cells, self.taps, self.expected, dtype=self.dtype, **self.arguments
            )
            yield row_case(f"{self.slug}-{layer.id}", self.claim, row, level=self.level)
