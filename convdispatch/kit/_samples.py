"""The cells that `Upsample` and `Resize` read, and their shares.

All positions are computed in whole numbers, and each share is a quotient that is rounded once: on a
long axis, floating-point positions are wrong by more than the width of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.kit._layouts import spatial_size
from convdispatch.ops import Resize, Signature, Upsample

Indices: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """The parts of each output cell of one axis: (1 - share) * x[below] + share * x[above].

    For 'nearest' the cell is x[below], and `share` is zero.
    """

    below: Indices
    above: Indices
    share: npt.NDArray[np.float64]


def samples(op: Upsample | Resize, signature: Signature) -> tuple[Samples, ...]:
    """Return the sampling grid of each spatial axis.

    >>> op = Upsample(factors=(2, 1), interpolation="bilinear", channels_last=True)
    >>> rows, _ = samples(op, Signature(input_shape=(2, 1, 3), weight_shapes=(), dtype="float32"))
    >>> rows.below.tolist(), rows.above.tolist(), rows.share.tolist()
    ([0, 0, 0, 1], [0, 1, 1, 1], [0.75, 0.25, 0.75, 0.25])
    """
    read = spatial_size(op, signature)
    if isinstance(op, Upsample):
        written = tuple(size * factor for size, factor in zip(read, op.factors, strict=True))
        coordinates = "half_pixel"
    else:
        written, coordinates = op.output_size, op.coordinates
    grid = _nearest if op.interpolation == "nearest" else _linear
    return tuple(grid(m, n, coordinates) for m, n in zip(read, written, strict=True))


def _positions(size: int, count: int, coordinates: str) -> tuple[npt.NDArray[Any], int]:
    """Return the positions of `count` samples of `size` cells, and their divisor."""
    cells = np.arange(count)  # an axis has fewer than 2**31 cells: no product overflows 64 bits
    if coordinates == "half_pixel":
        return (2 * cells + 1) * size - count, 2 * count
    if coordinates == "asymmetric":
        return cells * size, count
    return cells * (size - 1), max(count - 1, 1)


def _nearest(size: int, count: int, coordinates: str) -> Samples:
    positions, unit = _positions(size, count, coordinates)
    if coordinates != "asymmetric":
        positions, unit = 2 * positions + unit, 2 * unit  # the cell below half a cell further on
    cells = (positions // unit).clip(0, size - 1)
    return Samples(below=cells, above=cells, share=np.zeros(count))


def _linear(size: int, count: int, coordinates: str) -> Samples:
    positions, unit = _positions(size, count, coordinates)
    below = positions // unit
    return Samples(
        below=below.clip(0, size - 1),
        above=(below + 1).clip(0, size - 1),
        share=positions % unit / unit,
    )
