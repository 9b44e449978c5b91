"""Cross-correlation as matrix products of tiles: im2col, some cells of the result at a time.

Each row of a tile's matrix holds what one output cell reads, so that one product with the kernel
writes the tile in its place. A tile is a block of output cells that lie side by side in memory: its
columns stay in the cache, and the scratch memory does not grow with the input.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# Of a tile's columns. For ResNet-50's convolutions on two cores half as many were slower; twice as
# many were slower for one image, and no faster for eight.
TILE_BYTES = 2**20
# How many times as large as its columns the block of input cells behind a tile may be.
SPREAD = 16


@dataclass(frozen=True, slots=True)
class _Range:
    """What a tile has of one axis."""

    start: int  # output cells
    stop: int
    read: slice  # input cells
    put: slice  # where they lie in the block, whose other cells are zero
    size: int  # of the block

    @property
    def is_bare(self) -> bool:
        """Whether the block is all input cells."""
        return bool(self.put == slice(0, self.size))


@dataclass(frozen=True, kw_only=True)
class TiledConvolution:
    """A convolution in one group between channels-last arrays of fixed spatial sizes."""

    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    kernel_shape: tuple[int, ...]  # (*spatial, input channels, output channels)
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    low_pads: tuple[int, ...]

    @cached_property
    def is_pointwise(self) -> bool:
        """Whether each output cell is a product of the input cell at the same place."""
        steps = (*self.kernel_shape[:-2], *self.strides)
        is_one_to_one = self.input_size == self.output_size and not any(self.low_pads)
        return is_one_to_one and all(step == 1 for step in steps)

    @cached_property
    def is_compact(self) -> bool:
        """Whether the block behind a tile is at most `SPREAD` times as large as its columns.

        It is not where taps, or the cells that a stride leaves out, are far apart: on each axis n
        output cells have n taps columns, and (n - 1) stride + reach cells behind them.
        """
        axes = zip(self.kernel_shape, self.dilation, self.strides, strict=False)
        most = math.prod(max((taps - 1) * rate + 1, stride) for taps, rate, stride in axes)
        return most <= SPREAD * math.prod(self.kernel_shape[:-2])

    def correlate(self, x: Array, kernel: Array) -> Array:
        """Return the correlation of (batch, *spatial, channels) with the kernel."""
        filters = self.kernel_shape[-1]
        matrix = kernel.reshape(-1, filters)
        y = np.empty((len(x), *self.output_size, filters), x.dtype)
        if self.is_pointwise:
            np.matmul(x.reshape(-1, matrix.shape[0]), matrix, out=y.reshape(-1, filters))
            return y
        for columns, place in self._tiles(x):
            np.matmul(columns, matrix, out=y[place].reshape(len(columns), filters))
        return y

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        matrix = np.zeros((math.prod(self.kernel_shape[:-1]), self.kernel_shape[-1]), x.dtype)
        for columns, place in self._tiles(x):
            matrix += columns.T @ y[place].reshape(len(columns), -1)
        return matrix.reshape(self.kernel_shape)

    def _tiles(self, x: Array) -> Iterator[tuple[Array, tuple[slice, ...]]]:
        """Yield the columns of each tile, valid until the next, and its place in the result."""
        length = math.prod(self.kernel_shape[:-1])
        most = max(TILE_BYTES // (length * x.itemsize), 1)
        scratch = np.empty(min(most, len(x) * math.prod(self.output_size)) * length, x.dtype)
        for samples, ranges in self._places(len(x), most):
            place = (samples, *(slice(axis.start, axis.stop) for axis in ranges))
            yield self._columns(x[samples], ranges, scratch), place

    def _columns(self, x: Array, ranges: Sequence[_Range], scratch: Array) -> Array:
        """Return one row of input numbers for each output cell of the tile."""
        block = _block(x, ranges)
        cells = [axis.stop - axis.start for axis in ranges]
        first, *spatial, last = block.strides
        windows = np.ndarray(
            (len(x), *cells, *self.kernel_shape[:-1]),
            x.dtype,
            block,
            strides=(
                first,
                *(step * stride for step, stride in zip(spatial, self.strides, strict=True)),
                *(step * rate for step, rate in zip(spatial, self.dilation, strict=True)),
                last,
            ),
        )
        columns = scratch[: windows.size].reshape(windows.shape)
        columns[...] = windows
        return columns.reshape(len(x) * math.prod(cells), -1)

    def _places(self, batch: int, most: int) -> Iterator[tuple[slice, Sequence[_Range]]]:
        """Yield blocks of at most `most` output cells: of samples, and of each spatial axis.

        The last axes are whole, one is cut, and those before it are taken cell by cell.
        """
        sizes = (batch, *self.output_size)
        parts: list[list[tuple[int, int]]] = []
        for size in reversed(sizes):
            step = min(max(most, 1), max(size, 1))
            parts.append([(start, min(start + step, size)) for start in range(0, size, step)])
            most = most // size if step == size else 0
        spatial = [
            [self._range(axis, *part) for part in parts[-2 - axis]]
            for axis in range(len(self.output_size))
        ]
        for start, stop in parts[-1]:
            for ranges in itertools.product(*spatial):
                yield slice(start, stop), ranges

    def _range(self, axis: int, start: int, stop: int) -> _Range:
        stride, low = self.strides[axis], self.low_pads[axis]
        reach = (self.kernel_shape[axis] - 1) * self.dilation[axis] + 1
        begin, size = start * stride - low, (stop - start - 1) * stride + reach
        first = min(max(begin, 0), self.input_size[axis])
        last = max(min(begin + size, self.input_size[axis]), first)
        put = min(max(first - begin, 0), size)
        return _Range(start, stop, slice(first, last), slice(put, put + last - first), size)


def _block(x: Array, ranges: Sequence[_Range]) -> Array:
    """Return the input cells behind a tile, contiguous, with zeros for those that are none."""
    cells = x[(slice(None), *(axis.read for axis in ranges))]
    if all(axis.is_bare for axis in ranges):
        return np.ascontiguousarray(cells)
    block = np.zeros((len(x), *(axis.size for axis in ranges), x.shape[-1]), x.dtype)
    block[(slice(None), *(axis.put for axis in ranges))] = cells
    return block
