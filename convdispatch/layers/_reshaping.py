"""Zero padding, cropping and upsampling: layers without weights that move cells about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch import geometry, ops
from convdispatch.layers._arguments import (
    IntOrTuple,
    Pairs,
    PairsLike,
    as_choice,
    as_ints,
    as_pairs,
)
from convdispatch.layers._plans import Function
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import PartialShape, Shape


class ReshapingLayer(SpatialLayer):
    """A spatial layer that is one op without weights."""

    def _op(self) -> ops.Op:
        raise NotImplementedError

    def _output_size(self, size: int, axis: int) -> int:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None."""
        shape = self._check_input_shape(input_shape)
        sizes = [
            None if size is None else self._output_size(size, axis)
            for axis, size in enumerate(self._spatial(shape))
        ]
        return self._with_spatial(shape, sizes, shape[self._channel_axis])

    def _lower(self, input_shape: Shape, dtype: str, *, activation: Any) -> Function:
        lowered = self._lower_op(self._op(), input_shape, (), dtype)
        return lambda weights, inputs: lowered(inputs)


class ZeroPadding(ReshapingLayer):
    """Zeros before and after the cells of each spatial axis.

    `padding` is one int, one int an axis, or a (before, after) pair an axis; with one axis two
    ints are its pair.
    """

    size_arguments = ("padding",)

    def __init__(
        self, padding: PairsLike = 1, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.padding = as_pairs(padding, self.rank, "padding")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"padding": _unnested(self.padding)}

    def _op(self) -> ops.Op:
        return ops.Pad(pads=self.padding, channels_last=self.channels_last)

    def _output_size(self, size: int, axis: int) -> int:
        return size + sum(self.padding[axis])


class Cropping(ReshapingLayer):
    """The cells of each spatial axis without the first and the last few.

    `cropping` is one int, one int an axis, or a (before, after) pair an axis; with one axis two
    ints are its pair. Raises `InvalidShape` for an input of which nothing would be left.
    """

    def __init__(
        self, cropping: PairsLike = 1, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.cropping = as_pairs(cropping, self.rank, "cropping")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"cropping": _unnested(self.cropping)}

    def _op(self) -> ops.Op:
        pads = tuple((-before, -after) for before, after in self.cropping)
        return ops.Pad(pads=pads, channels_last=self.channels_last)

    def _output_size(self, size: int, axis: int) -> int:
        left = size - sum(self.cropping[axis])
        geometry.require_output(
            left,
            size=size,
            reason=f"`cropping` {self.cropping[axis]} of {self.name!r} takes all of them",
        )
        return left


class UpSampling(ReshapingLayer):
    """Each cell repeated `size` times along each spatial axis."""

    size_arguments = ("size",)

    def __init__(
        self, size: IntOrTuple = 2, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(data_format, **options)
        self.size = as_ints(size, self.rank, self.spelled("size"))
        self.interpolation = "nearest"

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"size": self.size[0] if self.rank == 1 else self.size}

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, for rounding-error bounds."""
        # Two interpolations with two weights each, and the weights' own rounding.
        return 8 if self.interpolation == "bilinear" else 0

    def _op(self) -> ops.Op:
        return ops.Upsample(
            factors=self.size, interpolation=self.interpolation, channels_last=self.channels_last
        )

    def _output_size(self, size: int, axis: int) -> int:
        return size * self.size[axis]


def _unnested(pairs: Pairs) -> tuple[Any, ...]:
    """Return the pair of a single axis as it is, as Keras writes it."""
    return pairs[0] if len(pairs) == 1 else pairs


class ZeroPadding1D(ZeroPadding):
    """`ZeroPadding` over one spatial axis; 'channels_last' unless given."""

    rank = 1
    default_data_format = "channels_last"


class ZeroPadding2D(ZeroPadding):
    """`ZeroPadding` over two spatial axes."""

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """`ZeroPadding` over three spatial axes."""

    rank = 3


class Cropping1D(Cropping):
    """`Cropping` over one spatial axis; 'channels_last' unless given."""

    rank = 1
    default_data_format = "channels_last"


class Cropping2D(Cropping):
    """`Cropping` over two spatial axes; nothing is cropped unless asked for, as in Keras."""

    rank = 2

    def __init__(
        self, cropping: PairsLike = 0, data_format: str | None = None, **options: Any
    ) -> None:
        super().__init__(cropping, data_format, **options)


class Cropping3D(Cropping):
    """`Cropping` over three spatial axes."""

    rank = 3


class UpSampling1D(UpSampling):
    """`UpSampling` over one spatial axis; 'channels_last' unless given."""

    rank = 1
    default_data_format = "channels_last"


class UpSampling2D(UpSampling):
    """`UpSampling` over two spatial axes.

    `interpolation` is 'nearest' or 'bilinear': the latter samples between cell centres (half-pixel
    grid), as TensorFlow 2 and PyTorch without aligned corners do.
    """

    rank = 2

    def __init__(
        self,
        size: IntOrTuple = 2,
        data_format: str | None = None,
        interpolation: str = "nearest",
        **options: Any,
    ) -> None:
        super().__init__(size, data_format, **options)
        self.interpolation = as_choice(interpolation, ("nearest", "bilinear"), "interpolation")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"interpolation": self.interpolation}


class UpSampling3D(UpSampling):
    """`UpSampling` over three spatial axes."""

    rank = 3
