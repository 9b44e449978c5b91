"""The transposed convolution as convolutions: integers only.

With stride s the cells of the result fall into s classes on each axis, by their remainder. Each
class is a convolution of stride 1 of the transposed one's input, by every s-th tap, backwards; with
a dilation, by those taps whose distances have the same remainder.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from convdispatch.kit import Axis
from convdispatch_numpy._tiles import Axes, Slices


class Phase(NamedTuple):
    """The cells of one class."""

    cells: Slices  # in the result, batch axis included
    taps: Slices  # of the kernel, to be run backwards
    axes: Axes  # of the convolution


def phases(axes: Axes) -> Iterator[Phase]:
    """Yield the classes that any tap reaches."""
    for classes in itertools.product(*map(_classes, axes)):
        cells, taps, found = zip(*classes, strict=True)
        yield Phase((slice(None), *cells), taps, found)


def _classes(axis: Axis) -> Iterator[tuple[slice, slice, Axis]]:
    """Yield the classes of one axis: the cells c of which c + low has the same remainder.

    Tap j reads, for cell c, the place (c + low - dilation * j) / stride, if it is a whole number.
    """
    common = math.gcd(axis.stride, axis.dilation)
    step, rate = axis.stride // common, axis.dilation // common
    for first in range(min(step, axis.taps)):  # the first tap of each class
        offset = axis.dilation * first - axis.low
        cells = range(offset % axis.stride, axis.size, axis.stride)
        taps = range(first, axis.taps, step)
        if cells:
            reach = (len(taps) - 1) * rate
            low = reach - (cells[0] - offset) // axis.stride  # what the first tap reads
            found = Axis(
                size=axis.count,
                count=len(cells),
                taps=len(taps),
                stride=1,
                dilation=rate,
                low=low,
                high=len(cells) + reach - axis.count - low,
            )
            yield _slice(cells), _slice(taps), found


def _slice(numbers: range) -> slice:
    return slice(numbers.start, numbers[-1] + 1, numbers.step)
