"""Cross-correlation one kernel tap after the other: a matrix product of all cells for each.

For what has no better way: taps or strides so far apart that the cells between them would fill the
memory, and some gradients.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy._products import multiply_each
from convdispatch_numpy._tiles import Geometry

Array = npt.NDArray[Any]
Slices = tuple[slice, ...]


@dataclass(frozen=True, kw_only=True)
class TapByTap:
    """A convolution between channels-last arrays, in any number of groups."""

    geometry: Geometry
    kernel_shape: tuple[int, ...]
    groups: int

    def correlate(self, x: Array, kernel: Array) -> Array:
        """Return the correlation of (batch, *spatial, channels) with the kernel."""
        y = np.zeros((len(x), *self.geometry.output_size, kernel.shape[-1]), x.dtype)
        by_group = self._grouped_kernel(kernel)
        for tap, read, write in self._taps():
            cells = self._by_group(x[read])
            y[write] += self._merge_groups(multiply_each(cells, by_group[tap]), y[write].shape)
        return y

    def input_adjoint(self, y: Array, kernel: Array) -> Array:
        """Return the transposed convolution."""
        channels = self.kernel_shape[-2] * self.groups
        x = np.zeros((len(y), *self.geometry.input_size, channels), y.dtype)
        by_group = self._grouped_kernel(kernel).swapaxes(-1, -2)
        for tap, read, write in self._taps():
            cells = self._by_group(y[write])
            x[read] += self._merge_groups(multiply_each(cells, by_group[tap]), x[read].shape)
        return x

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        *taps, channels, filters = self.kernel_shape
        by_group = np.zeros((*taps, self.groups, channels, filters // self.groups), x.dtype)
        for tap, read, write in self._taps():
            cells = self._by_group(x[read]).swapaxes(-1, -2)
            by_group[tap] = multiply_each(cells, self._by_group(y[write]))
        return np.moveaxis(by_group, -3, -2).reshape(self.kernel_shape)

    def _grouped_kernel(self, kernel: Array) -> Array:
        """Return the kernel as (*taps, groups, input channels, output channels) of one group."""
        *leading, filters = self.kernel_shape
        split = kernel.reshape(*leading, self.groups, filters // self.groups)
        return np.moveaxis(split, -2, -3)

    def _by_group(self, cells: Array) -> Array:
        """Return (batch, *spatial, channels) as (groups, cells, channels of one group)."""
        channels = cells.shape[-1] // self.groups
        rows = cells.size // max(self.groups * channels, 1)
        return cells.reshape(rows, self.groups, channels).swapaxes(0, 1)

    def _merge_groups(self, by_group: Array, shape: tuple[int, ...]) -> Array:
        return by_group.swapaxes(0, 1).reshape(shape)

    def _taps(self) -> Iterator[tuple[tuple[int, ...], Slices, Slices]]:
        """Yield each tap with the input cells that it reads and the output cells they reach."""
        geometry = self.geometry
        axes = [
            [_tap_slices(tap, *axis) for tap in range(taps)]
            for taps, *axis in zip(
                geometry.taps,
                geometry.input_size,
                geometry.output_size,
                geometry.strides,
                geometry.dilation,
                geometry.low_pads,
                strict=True,
            )
        ]
        for tap in itertools.product(*(range(len(axis)) for axis in axes)):
            chosen = [axis[index] for axis, index in zip(axes, tap, strict=True)]
            slices = [pair for pair in chosen if pair is not None]
            if len(slices) == len(axes):
                read, write = zip(*slices, strict=True)
                yield tap, (slice(None), *read), (slice(None), *write)


def _tap_slices(
    tap: int, size: int, output_size: int, stride: int, dilation: int, low: int
) -> tuple[slice, slice] | None:
    """Return one axis's input and output cells for a tap, None where it reads only padding."""
    offset = dilation * tap - low
    first = max(0, -(offset // stride))
    last = min(output_size, (size - 1 - offset) // stride + 1)
    if last <= first:
        return None
    start = first * stride + offset
    stop = (last - 1) * stride + offset + 1
    return slice(start, stop, stride), slice(first, last)
