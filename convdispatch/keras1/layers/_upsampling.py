"""Keras 1's upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Unpack

from convdispatch import layers
from convdispatch.engine.arguments import as_int
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.keras1.layers._translation import Keras1Layer, Spelling, data_format
from convdispatch.types import DimOrdering

_ORDERING: Spelling = {"data_format": "dim_ordering"}


class UpSampling1D(Keras1Layer, layers.UpSampling1D):
    """Repeat each step of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    A sequence of n steps gets n * length.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `UpSampling1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling1D
    >>> UpSampling1D(2)(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([1., 1., 2., 2.])
    """

    spelling: ClassVar[Spelling] = {"data_format": None, "size": "length"}

    def __init__(self, length: int = 2, **options: Unpack[LayerOptions]) -> None:
        super().__init__(as_int(length, "length"), **options)


class UpSampling2D(Keras1Layer, layers.UpSampling2D):
    """Repeat each row and each column of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. Each row comes
    size[0] times, each column size[1] times.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `UpSampling2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling2D
    >>> UpSampling2D((1, 2), dim_ordering="th")(np.array([1.0, 2]).reshape(1, 1, 1, 2)).ravel()
    array([1., 1., 2., 2.])
    """

    spelling: ClassVar[Spelling] = {**_ORDERING, "interpolation": None}

    def __init__(
        self,
        size: Sequence[int] = (2, 2),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(size, data_format(dim_ordering), **options)


class UpSampling3D(Keras1Layer, layers.UpSampling3D):
    """Repeat each cell of a volume; on every backend.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. An axis of n cells
    gets n * size.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `UpSampling3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import UpSampling3D
    >>> layer = UpSampling3D((1, 1, 2), dim_ordering="th")
    >>> layer(np.array([1.0, 2]).reshape(1, 1, 1, 1, 2)).ravel()
    array([1., 1., 2., 2.])
    """

    spelling = _ORDERING

    def __init__(
        self,
        size: Sequence[int] = (2, 2, 2),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(size, data_format(dim_ordering), **options)
