"""Upsampling: each cell becomes several."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import IntOrTuple, as_choice, as_ints
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._reshaping import ReshapingLayer
from convdispatch.ops import PartialShape
from convdispatch.types import DataFormat, Interpolation


class UpSampling(ReshapingLayer):
    """Each cell repeated `size` times along each spatial axis."""

    size_arguments = ("size",)

    def __init__(
        self,
        size: IntOrTuple = 2,
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        size: how many cells each becomes: an integer for all axes, or one an axis.
        data_format: where the channels are; None takes the configured one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
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

    def _op(self, sizes: PartialShape) -> ops.Op:
        return ops.Upsample(
            factors=self.size, interpolation=self.interpolation, channels_last=self.channels_last
        )

    def _output_size(self, size: int, axis: int) -> int:
        return size * self.size[axis]


class UpSampling1D(UpSampling):
    """Repeat each step of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    steps gets n * `size`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `UpSampling1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import UpSampling1D
    >>> UpSampling1D(2)(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

    rank = 1
    default_data_format = "channels_last"


class UpSampling2D(UpSampling):
    """Enlarge images by an integer factor an axis.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n * `size`. `interpolation` 'nearest' repeats cells; 'bilinear' samples between cell
    centres (half-pixel grid), as TensorFlow 2 and PyTorch without aligned corners do.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `UpSampling2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import UpSampling2D
    >>> layer = UpSampling2D((1, 2), interpolation="bilinear")
    >>> layer(np.array([0.0, 4]).reshape(1, 1, 2, 1)).ravel()
    array([0., 1., 3., 4.])
    """

    rank = 2
    coordinates = "half_pixel"  # the grid of 'bilinear'; a Keras may have had another one

    def __init__(
        self,
        size: IntOrTuple = 2,
        data_format: DataFormat | None = None,
        interpolation: Interpolation = "nearest",
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        size: how many cells each becomes: an integer for all axes, or one an axis.
        data_format: where the channels are; None takes the configured one.
        interpolation: 'nearest' or 'bilinear'.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(size, data_format, **options)
        self.interpolation = as_choice(interpolation, ("nearest", "bilinear"), "interpolation")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"interpolation": self.interpolation}

    def _op(self, sizes: PartialShape) -> ops.Op:
        if self.interpolation == "nearest" or self.coordinates == "half_pixel":
            return super()._op(sizes)
        for axis, size in enumerate(sizes):
            if size is None:
                reason = f"the grid {self.coordinates!r} of 'bilinear' depends on it"
                raise self._needs_size(axis, reason, "use the interpolation 'nearest'")
        return ops.Resize(
            output_size=tuple(size for size in sizes if size is not None),
            interpolation=self.interpolation,
            coordinates=self.coordinates,
            channels_last=self.channels_last,
        )


class UpSampling3D(UpSampling):
    """Repeat each cell of a volume along planes, rows and columns.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n * `size`.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `UpSampling3D`.

    >>> import numpy as np
    >>> from convdispatch.layers import UpSampling3D
    >>> UpSampling3D((1, 1, 2))(np.array([1.0, 2]).reshape(1, 1, 1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

    rank = 3
