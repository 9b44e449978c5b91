"""Cross-correlation as matrix products of tiles: im2col, some cells of the result at a time.

Each row of a tile's matrix holds what one output cell reads, so that one product with the kernel
writes the tile in its place. A tile is a block of output cells that lie side by side in memory: its
columns stay in the cache, and the scratch memory does not grow with the input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _products, _threads
from convdispatch_numpy._products import multiply, run
from convdispatch_numpy._scratch import Bytes, Scratch, contiguous
from convdispatch_numpy._tiles import Geometry, Tile

Array = npt.NDArray[Any]

# Of a tile's columns, which are to stay in the cache; the product is slow of fewer cells than that,
# so a tile of long columns may be larger. Within 5 % of the best of half and twice these numbers
# for nearly all of ResNet-50's convolutions, on two processors.
TILE_BYTES = 2**20
TILE_CELLS = 192
LARGEST_TILE_BYTES = 3 * 2**20
# Cells a thread from which a single tile is cut into one for each.
WORTH_A_TILE = 64
# How many times as large as its columns the block of input cells behind a tile may be.
SPREAD = 16
# Of the partial sums of a kernel's gradient, one a thread.
SUMS_BYTES = 2**24

scratch = Scratch(LARGEST_TILE_BYTES)


@dataclass(frozen=True, kw_only=True)
class TiledConvolution:
    """A convolution in one group between channels-last arrays of fixed spatial sizes."""

    geometry: Geometry
    channels: int
    filters: int

    @cached_property
    def is_pointwise(self) -> bool:
        """Whether each output cell is a product of the input cell at the same place."""
        geometry = self.geometry
        is_one_to_one = geometry.input_size == geometry.output_size and not any(geometry.low_pads)
        return is_one_to_one and all(step == 1 for step in (*geometry.taps, *geometry.strides))

    @cached_property
    def is_compact(self) -> bool:
        """Whether the block behind a tile is at most `SPREAD` times as large as its columns.

        It is not where taps, or the cells that a stride leaves out, are far apart: on each axis n
        output cells have n taps columns, and (n - 1) stride + reach cells behind them.
        """
        geometry = self.geometry
        most = math.prod(map(max, geometry.reach, geometry.strides))
        return most <= SPREAD * math.prod(geometry.taps)

    def correlate(self, x: Array, kernel: Array) -> Array:
        """Return the correlation of (batch, *spatial, channels) with the kernel."""
        y = np.empty((len(x), *self.geometry.output_size, self.filters), x.dtype)
        self.correlate_into(y, x, kernel)
        return y

    def correlate_into(self, y: Array, x: Array, kernel: Array) -> None:
        """Write the correlation to `y`, which may be a strided view."""
        matrix = kernel.reshape(-1, self.filters)
        if self.is_pointwise and x.flags.c_contiguous and y.flags.c_contiguous:
            multiply(x.reshape(-1, self.channels), matrix, y.reshape(-1, self.filters))
            return
        operations = self.operations(y)
        threads = _threads_for(operations)
        tiles = self._tiles(len(x), x.itemsize, threads)
        # Of fewer tiles than threads each is multiplied by all of them.
        product = multiply if len(tiles) < threads else np.matmul

        def compute(index: int) -> None:
            tile, memory = tiles[index], scratch.take()
            columns, place = _columns(x, tile, memory), y[tile.place]
            if place.flags.c_contiguous:
                product(columns, matrix, out=place.reshape(len(columns), -1))
            else:
                place[...] = (columns @ matrix).reshape(place.shape)
            scratch.give_back(memory)

        if product is multiply:
            for index in range(len(tiles)):
                compute(index)
        else:
            run(compute, len(tiles), operations)

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        tiles, parts = self.shared_out(x, y)
        length = math.prod(self.geometry.taps) * self.channels
        sums = np.zeros((parts, length, self.filters), x.dtype)

        def add(part: int) -> None:
            # Always the same tiles in the same order: the same sum at every call.
            memory = scratch.take()
            for tile in tiles[part::parts]:
                columns = _columns(x, tile, memory)
                sums[part] += columns.T @ y[tile.place].reshape(len(columns), -1)
            scratch.give_back(memory)

        run(add, parts, self.operations(y))
        for part in sums[1:]:
            sums[0] += part
        gradient: Array = sums[0].reshape(*self.geometry.taps, self.channels, self.filters)
        return gradient

    def shared_out(self, x: Array, y: Array) -> tuple[list[Tile], int]:
        """Return the tiles, and in how many parts to sum what they give to a kernel's gradient."""
        threads = _threads_for(self.operations(y))
        tiles: list[Tile] = self._tiles(len(x), x.itemsize, threads)
        size = math.prod(self.geometry.taps) * self.channels * self.filters * x.itemsize
        return tiles, max(min(threads, len(tiles), SUMS_BYTES // max(size, 1)), 1)

    def operations(self, y: Array) -> int:
        """Return how many multiplications and additions make `y`, or more."""
        return 2 * y.size * math.prod(self.geometry.taps) * self.channels

    @cached_property
    def _tiles(self) -> Any:
        """The function from a batch size, the bytes of a number and a number of threads to tiles.

        Where there is more than one tile, there are as many for each thread. Thread-safe.
        """
        length = math.prod(self.geometry.taps) * self.channels
        cells = math.prod(self.geometry.output_size)

        @lru_cache(maxsize=16)
        def tiles(batch: int, itemsize: int, threads: int) -> list[Tile]:
            column = length * itemsize
            most = max(TILE_BYTES // column, min(TILE_CELLS, LARGEST_TILE_BYTES // column), 1)
            number = -(-batch * cells // most)
            if number > 1 or batch * cells >= threads * WORTH_A_TILE:
                most = -(-batch * cells // (-(-number // threads) * threads))
            return self.geometry.tiles(batch, self.channels, itemsize, most)

        return tiles


def _threads_for(operations: int) -> int:
    return _threads.count() if operations >= _products.WORTH_A_THREAD else 1


def _columns(x: Array, tile: Tile, memory: Bytes) -> Array:
    """Return one row of input numbers for each output cell of the tile."""
    return contiguous(tile.windows(x), memory).reshape(tile.cells, -1)
