"""The transposed convolution as convolutions: integers only.

With stride s the cells of the result fall into s classes on each axis, by their remainder. Each
class is a convolution of stride 1 of the transposed one's input, with every s-th tap, backwards.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from convdispatch_numpy._tiles import Geometry

Slices = tuple[slice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The cells of one class."""

    cells: Slices  # in the result, batch axis included
    taps: Slices  # of the kernel, to be run backwards
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class _Axis:
    cells: slice
    count: int
    taps: slice
    length: int  # of the taps
    low: int


def phases(geometry: Geometry) -> list[Phase] | None:
    """Return the classes that any tap reaches; None for a stride with a dilation."""
    sizes = zip(
        geometry.input_size,
        geometry.taps,
        geometry.strides,
        geometry.dilation,
        geometry.low_pads,
        strict=True,
    )
    axes: list[list[_Axis]] = []
    for size, taps, stride, dilation, low in sizes:
        if stride == 1:
            reach = (taps - 1) * dilation
            axes.append([_Axis(slice(0, size), size, slice(None), taps, reach - low)])
        elif dilation == 1:
            axes.append(list(_classes(size, taps, stride, low)))
        else:
            return None
    return [
        Phase(
            cells=(slice(None), *(axis.cells for axis in chosen)),
            taps=tuple(axis.taps for axis in chosen),
            geometry=Geometry(
                input_size=geometry.output_size,
                output_size=tuple(axis.count for axis in chosen),
                taps=tuple(axis.length for axis in chosen),
                strides=(1,) * len(chosen),
                dilation=geometry.dilation,
                low_pads=tuple(axis.low for axis in chosen),
            ),
        )
        for chosen in itertools.product(*axes)
    ]


def _classes(size: int, taps: int, stride: int, low: int) -> list[_Axis]:
    """Return the classes of one axis: cell stride * t + remainder - low for t from first to last.

    It is reached by the taps of that remainder: tap stride * m + remainder reads cell t - m.
    """
    found = []
    for remainder in range(min(stride, taps)):
        first = -((remainder - low) // stride)
        last = (size - 1 + low - remainder) // stride
        if last < first:
            continue
        start = stride * first + remainder - low
        count, length = last - first + 1, len(range(remainder, taps, stride))
        cells = slice(start, start + (count - 1) * stride + 1, stride)
        chosen = slice(remainder, None, stride)
        found.append(_Axis(cells, count, chosen, length, length - 1 - first))
    return found
