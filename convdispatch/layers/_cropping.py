"""Cropping: each spatial axis without its outer cells."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import PairsLike, as_pairs, unnested
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._reshaping import ReshapingLayer
from convdispatch.ops import PartialShape
from convdispatch.types import DataFormat


class Cropping(ReshapingLayer):
    """The cells of each spatial axis without the first and the last few.

    `cropping` is one int, one int an axis, or a (before, after) pair an axis; with one axis two
    ints are its pair. Raises `InvalidShape` if nothing would be left of the input.
    """

    def __init__(
        self,
        cropping: PairsLike = 1,
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        cropping: cells an axis: an integer for all, one an axis, or a (before, after) pair an axis.
        data_format: where the channels are; None takes the configured one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self.cropping = as_pairs(cropping, self.rank, "cropping")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"cropping": unnested(self.cropping)}

    def _op(self, sizes: PartialShape) -> ops.Op:
        pads = tuple((-before, -after) for before, after in self.cropping)
        return ops.Pad(pads=pads, channels_last=self.channels_last)

    def _output_size(self, size: int, axis: int) -> int:
        return size - sum(self.cropping[axis])

    def _output_sizes(self, sizes: PartialShape) -> PartialShape:
        outputs = super()._output_sizes(sizes)
        for axis, left in enumerate(outputs):
            reason = f"`cropping` {self.cropping[axis]} of {self.name!r} takes all of them"
            self._require_output(left, sizes, axis, reason)
        return outputs


class Cropping1D(Cropping):
    """Leave out the first and the last steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n - before - after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Cropping1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import Cropping1D
    >>> Cropping1D((1, 0))(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([2., 3.])
    """

    rank = 1
    default_data_format = "channels_last"


class Cropping2D(Cropping):
    """Leave out the outer rows and columns of an image; by default none, as in Keras.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n - before - after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Cropping2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import Cropping2D
    >>> Cropping2D(((1, 0), (0, 1)))(np.arange(4.0).reshape(1, 2, 2, 1)).ravel()
    array([2.])
    """

    rank = 2

    def __init__(
        self,
        cropping: PairsLike = 0,
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        cropping: cells an axis: an integer for all, one an axis, or a (before, after) pair an axis.
        data_format: where the channels are; None takes the configured one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(cropping, data_format, **options)


class Cropping3D(Cropping):
    """Leave out the outer planes, rows and columns of a volume.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n - before - after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `Cropping3D`.

    >>> import numpy as np
    >>> from convdispatch.layers import Cropping3D
    >>> Cropping3D((0, 0, 1))(np.arange(3.0).reshape(1, 1, 1, 3, 1)).ravel()
    array([1.])
    """

    rank = 3
