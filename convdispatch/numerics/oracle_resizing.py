"""Resampling written down from its definition: one cell at a time, at positions that are fractions.

A part of the oracle: see `oracle`, with which it shares nothing but the rules. Python objects such
as fractions stay what they are, so that a result can be exact; all else is computed in float64.
Nothing here may import convdispatch.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import lru_cache
from math import floor, prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = tuple[int, ...]
# A cell of the image with its share in a cell of the result.
Shares: TypeAlias = list[tuple[int, Fraction]]


def resize(
    x: npt.ArrayLike,
    *,
    output_size: Ints,
    interpolation: str,
    coordinates: str,
    channels_last: bool,
    weighs: bool = True,
) -> Array:
    """Return the image sampled at `output_size` cells: 'nearest', or 'bilinear' along each axis.

    Without `weighs` each cell that is read counts once, whatever its share: bounds need that.

    >>> resize(np.reshape([1, 5], (1, 2, 1)), output_size=(4,), interpolation="bilinear",
    ...        coordinates="half_pixel", channels_last=True).ravel()
    array([1., 2., 4., 5.])
    """
    cells = _channels_last(x, channels_last)
    y = np.zeros((len(cells), *output_size, cells.shape[-1]), cells.dtype)
    reads = _reads(cells.shape[1:-1], output_size, interpolation, coordinates)
    for place, source, share in reads:
        factor = _number(share, cells) if weighs else 1
        y[_at(place)] += factor * cells[_at(source)]
    return y if channels_last else np.moveaxis(y, -1, 1)


def resize_gradient(
    cotangent: npt.ArrayLike,
    *,
    input_size: Ints,
    interpolation: str,
    coordinates: str,
    channels_last: bool,
    weighs: bool = True,
) -> Array:
    """Return the gradient of sum(cotangent * resize(x)) for an x of `input_size` cells.

    >>> resize_gradient(np.reshape([1, 10, 100, 1000], (1, 4, 1)), input_size=(2,),
    ...                 interpolation="nearest", coordinates="asymmetric",
    ...                 channels_last=True).ravel()
    array([  11., 1100.])
    """
    g = _channels_last(cotangent, channels_last)
    gradient = np.zeros((len(g), *input_size, g.shape[-1]), g.dtype)
    for place, source, share in _reads(input_size, g.shape[1:-1], interpolation, coordinates):
        factor = _number(share, g) if weighs else 1
        gradient[_at(source)] += factor * g[_at(place)]
    return gradient if channels_last else np.moveaxis(gradient, -1, 1)


@lru_cache(maxsize=64)
def _reads(
    cells: Ints, output_size: Ints, interpolation: str, coordinates: str
) -> tuple[tuple[Ints, Ints, Fraction], ...]:
    """Return each cell of the result with each cell of the image that it reads, and the share.

    They are the same for all numbers: a bound needs them three times.
    """
    shares = {"nearest": _nearest, "bilinear": _linear}[interpolation]
    axes = [
        [shares(i, m, n, coordinates) for i in range(n)]
        for m, n in zip(cells, output_size, strict=True)
    ]
    found = []
    for place in np.ndindex(*output_size):
        for corner in itertools.product(*(axis[i] for axis, i in zip(axes, place, strict=True))):
            source, parts = zip(*corner, strict=True)
            found.append((place, source, prod(parts, start=Fraction(1))))
    return tuple(found)


def _position(i: int, m: int, n: int, coordinates: str) -> Fraction:
    """Return where cell i of n lies on an axis of m cells."""
    if coordinates == "half_pixel":
        return (i + Fraction(1, 2)) * m / n - Fraction(1, 2)
    if coordinates == "asymmetric":
        return Fraction(i * m, n)
    return Fraction(i * (m - 1), n - 1) if n > 1 else Fraction(0)  # 'corners'


def _nearest(i: int, m: int, n: int, coordinates: str) -> Shares:
    position = _position(i, m, n, coordinates)
    if coordinates != "asymmetric":
        position += Fraction(1, 2)  # the upper one of two cells that are as near
    return [(_inside(floor(position), m), Fraction(1))]


def _linear(i: int, m: int, n: int, coordinates: str) -> Shares:
    position = _position(i, m, n, coordinates)
    below = floor(position)
    above = position - below
    found = [(_inside(below, m), 1 - above), (_inside(below + 1, m), above)]
    return [(cell, share) for cell, share in found if share]


def _inside(cell: int, m: int) -> int:
    return min(max(cell, 0), m - 1)


def _number(share: Fraction, cells: Array) -> Any:
    return share if cells.dtype.kind == "O" else float(share)


def _at(cell: Ints) -> tuple[Any, ...]:
    """Return where a cell is, of every sample and channel, channels last."""
    return (slice(None), *cell)


def _channels_last(value: npt.ArrayLike, channels_last: bool) -> Array:
    array = np.asarray(value)
    array = array if array.dtype.kind == "O" else array.astype(np.float64)
    return array if channels_last else np.moveaxis(array, 1, -1)
