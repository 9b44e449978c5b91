"""Zero padding: zeros around the cells of each spatial axis."""

from __future__ import annotations

from typing import Any, Unpack

from convdispatch import ops
from convdispatch.engine.arguments import PairsLike, as_pairs, unnested
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._reshaping import ReshapingLayer
from convdispatch.ops import PartialShape
from convdispatch.types import DataFormat


class ZeroPadding(ReshapingLayer):
    """Zeros before and after the cells of each spatial axis.

    `padding` is one int, one int an axis, or a (before, after) pair an axis; with one axis two
    ints are its pair.
    """

    size_arguments = ("padding",)

    def __init__(
        self,
        padding: PairsLike = 1,
        data_format: DataFormat | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments.

        padding: cells an axis: an integer for all, one an axis, or a (before, after) pair an axis.
        data_format: where the channels are; None takes the configured one.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self.padding = as_pairs(padding, self.rank, "padding")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"padding": unnested(self.padding)}

    def _op(self, sizes: PartialShape) -> ops.Op:
        return ops.Pad(pads=self.padding, channels_last=self.channels_last)

    def _output_size(self, size: int, axis: int) -> int:
        return size + sum(self.padding[axis])


class ZeroPadding1D(ZeroPadding):
    """Put zeros before and after the steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n + before + after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `ZeroPadding1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([0., 1., 2., 0., 0.])
    """

    rank = 1
    default_data_format = "channels_last"


class ZeroPadding2D(ZeroPadding):
    """Put zeros around the rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n + before + after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `ZeroPadding2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import ZeroPadding2D
    >>> ZeroPadding2D(((1, 0), (0, 2)))(np.full((1, 1, 1, 1), 5.0))[0, :, :, 0]
    array([[0., 0., 0.],
           [5., 0., 0.]])
    """

    rank = 2


class ZeroPadding3D(ZeroPadding):
    """Put zeros around the planes, rows and columns of a volume.

        input   (batch, planes, rows, cols, channels)
        output  (batch, new planes, new rows, new cols, channels)

    With `data_format='channels_first'` the channels of input and output are axis 1. An axis of n
    cells gets n + before + after.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `ZeroPadding3D`.

    >>> import numpy as np
    >>> from convdispatch.layers import ZeroPadding3D
    >>> ZeroPadding3D((0, 0, 1))(np.full((1, 1, 1, 1, 1), 5.0)).ravel()
    array([0., 5., 0.])
    """

    rank = 3
