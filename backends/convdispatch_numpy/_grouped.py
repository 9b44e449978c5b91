"""Cross-correlation in groups of several channels: a matrix product for each, tile by tile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _budget, _im2col
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._im2col import TiledConvolution, scratch
from convdispatch_numpy._products import add_products, partial_sums, run, sum_of
from convdispatch_numpy._scratch import Bytes, contiguous
from convdispatch_numpy._tiles import Tile

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class GroupedConvolution(TiledConvolution):
    """A convolution whose output channels each read the channels of one group."""

    groups: int

    def correlate_into(self, y: Array, x: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished correlation to `y`, which may be a strided view."""
        matrices = _by_group(kernel.reshape(-1, self.filters), self.groups)
        operations = self.operations(y)
        threads = _im2col.threads_for(operations)
        is_direct = y.flags.c_contiguous and y.dtype == kernel.dtype
        tiles = self.tiles(len(x), kernel.itemsize, threads, is_direct=False)

        def compute(index: int) -> None:
            tile, memory = tiles[index], scratch.take(_budget.columns(threads))
            place = y[tile.place]
            products = self._columns(x, tile, memory, kernel.dtype) @ matrices
            merged = products.swapaxes(0, 1)
            if is_direct:
                place[...] = merged.reshape(place.shape)
                finish(place.reshape(tile.cells, -1))
            else:
                rows = merged.reshape(tile.cells, -1)
                finish(rows)
                place[...] = rows.reshape(place.shape)
            scratch.give_back(memory)

        run(compute, len(tiles), operations)

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        operations = self.operations(y)
        threads = _im2col.threads_for(operations)
        tiles = self.tiles(len(x), x.itemsize, threads, is_direct=y.flags.c_contiguous)
        taps = math.prod(self.geometry.taps)
        shape = (taps * self.channels // self.groups, self.filters)
        sums = partial_sums(shape, x.dtype, min(threads, len(tiles)))

        def add(part: int) -> None:
            memory = scratch.take(_budget.columns(threads))
            total = _by_group(sums[part], self.groups)
            for index in range(part, len(tiles), len(sums)):
                tile = tiles[index]
                columns = self._columns(x, tile, memory, x.dtype)
                read = _by_group(y[tile.place].reshape(tile.cells, -1), self.groups)
                add_products(total, columns, read)
            scratch.give_back(memory)

        run(add, len(sums), operations)
        gradient = sum_of(sums)
        return gradient.reshape(*self.geometry.taps, self.channels // self.groups, self.filters)

    def _columns(self, x: Array, tile: Tile, memory: Bytes, dtype: np.dtype[Any]) -> Array:
        """Return, for each group, one row of input numbers for each output cell of the tile."""
        windows = tile.windows(x, dtype)
        split = windows.reshape(*windows.shape[:-1], self.groups, -1)
        return contiguous(np.moveaxis(split, -2, 0), memory).reshape(self.groups, tile.cells, -1)


def transposed(kernel: Array, groups: int) -> Array:
    """Return the kernel with the read and the written channels of each group exchanged."""
    *taps, channels, filters = kernel.shape
    if groups == 1:
        return kernel.swapaxes(-1, -2)
    split = kernel.reshape(*taps, channels, groups, filters // groups)
    return split.swapaxes(-1, -3).reshape(*taps, filters // groups, groups * channels)


def _by_group(matrix: Array, groups: int) -> Array:
    """Return (rows, columns of all groups) as (groups, rows, columns of one), a view."""
    return matrix.reshape(len(matrix), groups, -1).swapaxes(0, 1)
