"""Cross-correlation in groups of several channels: a matrix product for each, tile by tile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy._im2col import TiledConvolution, scratch
from convdispatch_numpy._products import run
from convdispatch_numpy._scratch import Bytes, contiguous
from convdispatch_numpy._tiles import Tile

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class GroupedConvolution(TiledConvolution):
    """A convolution whose output channels each read the channels of one group."""

    groups: int

    def correlate_into(self, y: Array, x: Array, kernel: Array) -> None:
        """Write the correlation to `y`, which may be a strided view."""
        matrices = _by_group(kernel.reshape(-1, self.filters), self.groups)
        tiles, _ = self.shared_out(x, y)

        def compute(index: int) -> None:
            tile, memory = tiles[index], scratch.take()
            place = y[tile.place]
            products = self._columns(x, tile, memory) @ matrices
            place[...] = products.swapaxes(0, 1).reshape(place.shape)
            scratch.give_back(memory)

        run(compute, len(tiles), self.operations(y))

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        taps = math.prod(self.geometry.taps)
        length, width = taps * self.channels // self.groups, self.filters // self.groups
        tiles, parts = self.shared_out(x, y)
        sums = np.zeros((parts, self.groups, length, width), x.dtype)

        def add(part: int) -> None:
            memory = scratch.take()
            for tile in tiles[part::parts]:
                columns = self._columns(x, tile, memory)
                read = _by_group(y[tile.place].reshape(tile.cells, -1), self.groups)
                sums[part] += columns.swapaxes(1, 2) @ read
            scratch.give_back(memory)

        run(add, parts, self.operations(y))
        for part in sums[1:]:
            sums[0] += part
        channels = self.channels // self.groups
        gradient: Array = sums[0].swapaxes(0, 1)
        return gradient.reshape(*self.geometry.taps, channels, self.filters)

    def _columns(self, x: Array, tile: Tile, memory: Bytes) -> Array:
        """Return, for each group, one row of input numbers for each output cell of the tile."""
        windows = tile.windows(x)
        split = windows.reshape(*windows.shape[:-1], self.groups, -1)
        return contiguous(np.moveaxis(split, -2, 0), memory).reshape(self.groups, tile.cells, -1)


def transposed(kernel: Array, groups: int) -> Array:
    """Return the kernel with the read and the written channels of each group exchanged."""
    *taps, channels, filters = kernel.shape
    split = kernel.reshape(*taps, channels, groups, filters // groups)
    return split.swapaxes(-1, -3).reshape(*taps, filters // groups, groups * channels)


def _by_group(matrix: Array, groups: int) -> Array:
    """Return (rows, columns of all groups) as (groups, rows, columns of one)."""
    return matrix.reshape(len(matrix), groups, -1).swapaxes(0, 1)
