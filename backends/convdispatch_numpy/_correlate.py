"""Cross-correlation and its two adjoints in plain NumPy: by tiles, or one product a kernel tap.

The three functions are the three faces of one trilinear form sum(y * (x correlated with k)), so
each one's gradients are the other two, to any order. Tap by tap padding is never materialised: a
tap that would read a padded cell skips it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy._autograd import Function, differentiable
from convdispatch_numpy._im2col import TiledConvolution

Array = npt.NDArray[Any]
Slices = tuple[slice, ...]


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A convolution between channels-last arrays of fixed spatial sizes and any batch size."""

    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    kernel_shape: tuple[int, ...]  # (*spatial, input channels per group, output channels)
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    low_pads: tuple[int, ...]
    groups: int

    @cached_property
    def forward(self) -> Function:
        """The function y(x, kernel)."""
        return differentiable(
            self._forward,
            lambda answer, x, kernel: lambda g: self.input_adjoint(g, kernel),
            lambda answer, x, kernel: lambda g: self.kernel_adjoint(x, g),
        )

    @cached_property
    def input_adjoint(self) -> Function:
        """The function x(y, kernel): the transposed convolution."""
        return differentiable(
            self._input_adjoint,
            lambda answer, y, kernel: lambda g: self.forward(g, kernel),
            lambda answer, y, kernel: lambda g: self.kernel_adjoint(g, y),
        )

    @cached_property
    def kernel_adjoint(self) -> Function:
        """The function kernel(x, y)."""
        return differentiable(
            self._kernel_adjoint,
            lambda answer, x, y: lambda g: self.input_adjoint(y, g),
            lambda answer, x, y: lambda g: self.forward(x, g),
        )

    @cached_property
    def _tiled(self) -> TiledConvolution | None:
        """The same convolution by tiles, where there are no groups."""
        if self.groups > 1:
            return None
        tiled = TiledConvolution(
            input_size=self.input_size,
            output_size=self.output_size,
            kernel_shape=self.kernel_shape,
            strides=self.strides,
            dilation=self.dilation,
            low_pads=self.low_pads,
        )
        return tiled if tiled.is_compact else None

    def _forward(self, x: Array, kernel: Array) -> Array:
        if self._tiled is not None:
            return self._tiled.correlate(x, kernel)
        y = np.zeros((len(x), *self.output_size, kernel.shape[-1]), x.dtype)
        by_group = self._grouped_kernel(kernel)
        for tap, read, write in self._taps():
            cells = self._by_group(x[read])
            y[write] += self._merge_groups(cells @ by_group[tap], y[write].shape)
        return y

    def _input_adjoint(self, y: Array, kernel: Array) -> Array:
        channels = self.kernel_shape[-2] * self.groups
        x = np.zeros((len(y), *self.input_size, channels), y.dtype)
        by_group = self._grouped_kernel(kernel).swapaxes(-1, -2)
        for tap, read, write in self._taps():
            cells = self._by_group(y[write])
            x[read] += self._merge_groups(cells @ by_group[tap], x[read].shape)
        return x

    def _kernel_adjoint(self, x: Array, y: Array) -> Array:
        if self._tiled is not None:
            return self._tiled.kernel_adjoint(x, y)
        *taps, channels, filters = self.kernel_shape
        by_group = np.zeros((*taps, self.groups, channels, filters // self.groups), x.dtype)
        for tap, read, write in self._taps():
            by_group[tap] = self._by_group(x[read]).swapaxes(-1, -2) @ self._by_group(y[write])
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
        axes = [
            [_tap_slices(tap, *axis) for tap in range(taps)]
            for taps, *axis in zip(
                self.kernel_shape[:-2],
                self.input_size,
                self.output_size,
                self.strides,
                self.dilation,
                self.low_pads,
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
