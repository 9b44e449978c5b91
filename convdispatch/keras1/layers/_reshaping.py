"""Keras 1's cropping, zero padding and upsampling."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from convdispatch import layers
from convdispatch.errors import InvalidArgument
from convdispatch.keras1.layers._translation import Keras1Layer, Spelling, data_format
from convdispatch.layers._arguments import as_int

_ORDERING: Spelling = {"data_format": "dim_ordering"}
_ONE_AXIS: Spelling = {"data_format": None}
_SIDES_1D = ("left_pad", "right_pad")
_SIDES_2D = ("top_pad", "bottom_pad", "left_pad", "right_pad")


class Cropping1D(Keras1Layer, layers.Cropping1D):
    """Keras 1's Cropping1D: `cropping` is (first, last)."""

    spelling = _ONE_AXIS

    def __init__(self, cropping: Sequence[int] = (1, 1), **options: Any) -> None:
        super().__init__(cropping, **options)


class Cropping2D(Keras1Layer, layers.Cropping2D):
    """Keras 1's Cropping2D: `cropping` is ((top, bottom), (left, right))."""

    spelling = _ORDERING

    def __init__(
        self,
        cropping: Sequence[Sequence[int]] = ((0, 0), (0, 0)),
        dim_ordering: str = "default",
        **options: Any,
    ) -> None:
        super().__init__(cropping, data_format(dim_ordering), **options)


class Cropping3D(Keras1Layer, layers.Cropping3D):
    """Keras 1's Cropping3D: `cropping` is a (first, last) pair an axis."""

    spelling = _ORDERING

    def __init__(
        self,
        cropping: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)),
        dim_ordering: str = "default",
        **options: Any,
    ) -> None:
        super().__init__(cropping, data_format(dim_ordering), **options)


class UpSampling1D(Keras1Layer, layers.UpSampling1D):
    """Keras 1's UpSampling1D: each step `length` times."""

    spelling: ClassVar[Spelling] = {**_ONE_AXIS, "size": "length"}

    def __init__(self, length: int = 2, **options: Any) -> None:
        super().__init__(as_int(length, "length"), **options)


class UpSampling2D(Keras1Layer, layers.UpSampling2D):
    """Keras 1's UpSampling2D: each row size[0] and each column size[1] times."""

    spelling: ClassVar[Spelling] = {**_ORDERING, "interpolation": None}

    def __init__(
        self, size: Sequence[int] = (2, 2), dim_ordering: str = "default", **options: Any
    ) -> None:
        super().__init__(size, data_format(dim_ordering), **options)


class UpSampling3D(Keras1Layer, layers.UpSampling3D):
    """Keras 1's UpSampling3D, on every backend."""

    spelling = _ORDERING

    def __init__(
        self, size: Sequence[int] = (2, 2, 2), dim_ordering: str = "default", **options: Any
    ) -> None:
        super().__init__(size, data_format(dim_ordering), **options)


class ZeroPadding1D(Keras1Layer, layers.ZeroPadding1D):
    """Keras 1's ZeroPadding1D: one int, (left, right), or {'left_pad': .., 'right_pad': ..}."""

    spelling = _ONE_AXIS

    def __init__(
        self, padding: int | Sequence[int] | Mapping[str, int] = 1, **options: Any
    ) -> None:
        super().__init__(_sides(padding, _SIDES_1D), **options)


class ZeroPadding2D(Keras1Layer, layers.ZeroPadding2D):
    """Keras 1's ZeroPadding2D: (rows, cols) on both sides, four sides, or a dictionary of them.

    The four are (top, bottom, left, right), as 'top_pad' and so on in a dictionary, where a
    missing side is 0.
    """

    spelling = _ORDERING

    def __init__(
        self,
        padding: Sequence[int] | Mapping[str, int] = (1, 1),
        dim_ordering: str = "default",
        **options: Any,
    ) -> None:
        sides = _sides(padding, _SIDES_2D)
        if isinstance(sides, Sequence) and len(sides) == 4:
            sides = (tuple(sides[:2]), tuple(sides[2:]))
        super().__init__(sides, data_format(dim_ordering), **options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments under Keras 1's names, the four sides in a row."""
        return super().get_config() | {"padding": tuple(itertools.chain(*self.padding))}


class ZeroPadding3D(Keras1Layer, layers.ZeroPadding3D):
    """Keras 1's ZeroPadding3D: one number an axis, for both sides; on every backend."""

    spelling = _ORDERING

    def __init__(
        self, padding: Sequence[int] = (1, 1, 1), dim_ordering: str = "default", **options: Any
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
