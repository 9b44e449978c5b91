"""Keras 1's cropping and zero padding."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.errors import InvalidArgument
from convdispatch.keras1.layers._translation import Keras1Layer, Spelling, data_format
from convdispatch.types import DimOrdering

_ORDERING: Spelling = {"data_format": "dim_ordering"}
_ONE_AXIS: Spelling = {"data_format": None}
_SIDES_1D = ("left_pad", "right_pad")
_SIDES_2D = ("top_pad", "bottom_pad", "left_pad", "right_pad")


class Cropping1D(Keras1Layer, layers.Cropping1D):
    """Leave out the first and the last steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    `cropping` is (first, last), in steps.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Cropping1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping1D
    >>> Cropping1D((1, 0))(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([2., 3.])
    """

    spelling = _ONE_AXIS

    def __init__(self, cropping: Sequence[int] = (1, 1), **options: Unpack[LayerOptions]) -> None:
        super().__init__(cropping, **options)


class Cropping2D(Keras1Layer, layers.Cropping2D):
    """Leave out the outer rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `cropping` is ((top,
    bottom), (left, right)), in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Cropping2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping2D
    >>> Cropping2D(((1, 0), (0, 1)), dim_ordering="th")(np.arange(4.0).reshape(1, 1, 2, 2)).ravel()
    array([2.])
    """

    spelling = _ORDERING

    def __init__(
        self,
        cropping: Sequence[Sequence[int]] = ((0, 0), (0, 0)),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format(dim_ordering), **options)


class Cropping3D(Keras1Layer, layers.Cropping3D):
    """Leave out the outer cells of a volume.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `cropping` is a
    (first, last) pair an axis, in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for an input of which nothing would be left;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `Cropping3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Cropping3D
    >>> layer = Cropping3D(((0, 0), (0, 0), (1, 1)), dim_ordering="th")
    >>> layer(np.arange(3.0).reshape(1, 1, 1, 1, 3)).ravel()
    array([1.])
    """

    spelling = _ORDERING

    def __init__(
        self,
        cropping: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(cropping, data_format(dim_ordering), **options)


class ZeroPadding1D(Keras1Layer, layers.ZeroPadding1D):
    """Put zeros before and after the steps of a sequence.

        input   (batch, steps, channels)
        output  (batch, new steps, channels)

    `padding` is one integer for both sides, (left, right), or {'left_pad': .., 'right_pad': ..},
    in steps.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ZeroPadding1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding1D
    >>> ZeroPadding1D((1, 2))(np.array([1.0, 2]).reshape(1, 2, 1)).ravel()
    array([0., 1., 2., 0., 0.])
    """

    spelling = _ONE_AXIS

    def __init__(
        self, padding: int | Sequence[int] | Mapping[str, int] = 1, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(_sides(padding, _SIDES_1D), **options)


class ZeroPadding2D(Keras1Layer, layers.ZeroPadding2D):
    """Put zeros around the rows and columns of an image.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `padding` is (rows,
    cols) for both sides, (top, bottom, left, right), or a dictionary of 'top_pad', 'bottom_pad',
    'left_pad' and 'right_pad', where a missing side is 0; in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ZeroPadding2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding2D
    >>> ZeroPadding2D((1, 0, 0, 2), dim_ordering="th")(np.full((1, 1, 1, 1), 5.0))[0, 0]
    array([[0., 0., 0.],
           [5., 0., 0.]])
    """

    spelling = _ORDERING

    def __init__(
        self,
        padding: Sequence[int] | Mapping[str, int] = (1, 1),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None:
        sides = _sides(padding, _SIDES_2D)
        if isinstance(sides, Sequence) and len(sides) == 4:
            sides = (tuple(sides[:2]), tuple(sides[2:]))
        super().__init__(sides, data_format(dim_ordering), **options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names, the four sides in a row."""
        return super().get_config() | {"padding": tuple(itertools.chain(*self.padding))}


class ZeroPadding3D(Keras1Layer, layers.ZeroPadding3D):
    """Put zeros around the cells of a volume; on every backend.

        input   (batch, dim1, dim2, dim3, channels)
        output  (batch, new dim1, new dim2, new dim3, channels)

    Under `dim_ordering='th'` input and output have their channels on axis 1. `padding` is one
    integer an axis, for both of its sides, in cells.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ZeroPadding3D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ZeroPadding3D
    >>> ZeroPadding3D((0, 0, 1), dim_ordering="th")(np.full((1, 1, 1, 1, 1), 5.0)).ravel()
    array([0., 5., 0.])
    """

    spelling = _ORDERING

    def __init__(
        self,
        padding: Sequence[int] = (1, 1, 1),
        dim_ordering: DimOrdering = "default",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(padding, data_format(dim_ordering), **options)
        self._require_equal_sides()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names, one number an axis."""
        return super().get_config() | {"padding": tuple(low for low, _ in self.padding)}

    def _require_equal_sides(self) -> None:
        if any(low != high for low, high in self.padding):
            raise InvalidArgument(
                f"`padding` must be three integers, each for both sides of its axis; received "
                f"{self.padding!r}. Two numbers an axis came with Keras 2."
            )


def _sides(padding: Any, names: Sequence[str]) -> Any:
    """Return the sides that a dictionary names, in order, or any other padding as it is."""
    if not isinstance(padding, Mapping):
        return padding
    unknown = [name for name in padding if name not in names]
    if unknown:
        raise InvalidArgument(
            f"`padding` may have the keys {', '.join(map(repr, names))}; received {unknown[0]!r}."
        )
    return tuple(padding.get(name, 0) for name in names)
