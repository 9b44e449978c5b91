"""The common part of layers over spatial axes: the data format and the shapes that follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from convdispatch import geometry
from convdispatch.engine.arguments import as_data_format, as_partial_shape
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.errors import InvalidShape
from convdispatch.layers._lowering import LoweringLayer
from convdispatch.ops import PartialShape
from convdispatch.types import DataFormat


class SpatialLayer(LoweringLayer):
    """A layer over (batch, *spatial, channels) or (batch, channels, *spatial)."""

    default_data_format: ClassVar[str | None] = None  # None: the configured one
    leading: ClassVar[tuple[str, ...]] = ("batch",)  # the axes before those of cells and channels

    def __init__(self, data_format: DataFormat | None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        chosen = self.default_data_format if data_format is None else data_format
        self.data_format = as_data_format(chosen)

    @property
    def channels_last(self) -> bool:
        """Whether the channels are the last axis."""
        return self.data_format == "channels_last"

    @property
    def _channel_axis(self) -> int:
        return -1 if self.channels_last else len(self.leading)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"data_format": self.data_format}

    def _check_input_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the shape once its rank and its sizes fit."""
        shape = as_partial_shape(input_shape, "input_shape")
        axes = len(self.leading) + self.rank + 1
        if len(shape) != axes:
            is_one_short = len(shape) == axes - 1
            raise InvalidShape(
                f"{self._title} takes inputs with {axes} axes ({', '.join(self.leading)}, channels "
                f"and {self.rank} spatial); received shape {shape}."
                + (" Is the batch or the channel axis missing?" if is_one_short else "")
            )
        if 0 in shape[1:]:
            raise InvalidShape(
                f"{self._title} takes inputs with at least one cell on every axis but the batch; "
                f"received shape {shape}."
            )
        return shape

    def _require_as_built(self, shape: PartialShape) -> None:
        if self._variables and self._built_shape is not None:
            self._require_channels(shape, self._built_shape)

    def _require_channels(self, shape: PartialShape, built: PartialShape) -> None:
        axis = self._channel_axis
        if shape[axis] != built[axis]:
            raise InvalidShape(
                f"{self._title} was built for {built[axis]} channels on axis {axis % len(shape)}; "
                f"received shape {shape}."
            )

    def _spatial(self, shape: PartialShape) -> PartialShape:
        """Return the spatial sizes of an input's shape."""
        first = self._first_spatial_axis
        return shape[first : first + self.rank]

    @property
    def _first_spatial_axis(self) -> int:
        return len(self.leading) + (0 if self.channels_last else 1)

    def _with_spatial(self, spatial: Sequence[int | None], channels: int | None) -> PartialShape:
        """Return the shape of a batch of unknown size with these spatial sizes and channels."""
        if self.channels_last:
            return (None, *spatial, channels)
        return (None, channels, *spatial)

    def _channels(self, shape: PartialShape) -> int:
        """Return the channels, which weights and groups need to know."""
        channels = shape[self._channel_axis]
        if channels is None:
            raise InvalidShape(
                f"{self._title} needs a known number of channels on axis "
                f"{self._channel_axis % len(shape)} ({self.data_format}); received shape {shape}."
            )
        return channels

    def _require_output(
        self, output: int | None, sizes: PartialShape, axis: int, reason: str
    ) -> None:
        """Raise `InvalidShape` if an axis of the output would have no cell."""
        if output is None or output > 0:
            return
        size = sizes[axis]
        geometry.require_output(output, size=size, reason=reason, hint=self._other_format(sizes))

    def _other_format(self, sizes: PartialShape) -> str:
        """Return a sentence on the other data format where the spatial sizes look like its own."""
        place = 0 if self.channels_last else -1
        known = [size for size in sizes if size is not None]
        if len(sizes) < 2 or len(known) < len(sizes) or known.count(min(known)) > 1:
            return ""
        if min(known) != known[place]:
            return ""
        other = "channels_first" if self.channels_last else "channels_last"
        spelled, word = self.spelled("data_format"), self.in_own_words("data_format", other)
        return (
            f" If the axis of {known[place]} cells holds the channels, which `{spelled}` "
            f"{self.in_own_words('data_format', self.data_format)!r} takes from the "
            f"{'last' if self.channels_last else 'first'} axis, pass `{spelled}={word!r}`, or "
            f'write "image_data_format": "{other}" in keras.json for all layers.'
        )

    def _needs_size(self, axis: int, why: str, instead: str) -> InvalidShape:
        """Return the error for a spatial axis, the first being 0, whose size has to be known."""
        number = axis + self._first_spatial_axis
        return InvalidShape(
            f"{self._title} needs a known size of axis {number}, which is unknown while a "
            f"framework traces the call: {why}. State the size, or {instead}."
        )
