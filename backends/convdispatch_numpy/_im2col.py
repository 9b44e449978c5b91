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

from convdispatch_numpy import _budget, _products, _threads
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._products import add_product, multiply, partial_sums, run, sum_of
from convdispatch_numpy._scratch import Bytes, Scratch, contiguous
from convdispatch_numpy._tiles import Geometry, Tile, Tiles, even_share

Array = npt.NDArray[Any]

# Bytes of a tile's columns, which should stay in the cache; the product of fewer cells than that is
# slow, so a tile of long columns may be larger. Within 5 % of the best of half and twice these
# numbers for nearly all of ResNet-50's convolutions, on two processors.
TILE_BYTES = 2**20
TILE_CELLS = 192
# Cells a thread from which a single tile is cut into one for each.
WORTH_A_TILE = 64
# How many times as large as its columns the block of input cells behind a tile may be.
SPREAD = 16

scratch = Scratch()


@dataclass(frozen=True, kw_only=True)
class TiledConvolution:
    """A convolution in one group between channels-last arrays of fixed spatial sizes.

    It computes in the kernel's element type, and reads and writes arrays of any other.
    """

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
        """Whether a tile's columns, and the block behind it, have room in the scratch memory.

        The block does not fit if taps, or the cells of a stride, are far apart: on each axis n
        output cells have n taps columns, and (n - 1) stride + reach cells behind them.
        """
        geometry = self.geometry
        most = math.prod(map(max, geometry.reach, geometry.strides))
        largest = np.dtype("float64").itemsize * self.channels
        return (
            most <= SPREAD * math.prod(geometry.taps)
            and largest * math.prod(geometry.taps) <= _budget.smallest(_budget.COLUMNS)
            and largest * math.prod(geometry.reach) <= _budget.smallest(_budget.BLOCKS)
        )

    def correlate_into(self, y: Array, x: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished correlation to `y`, which may be a strided view."""
        matrix = kernel.reshape(-1, self.filters)
        if self.is_pointwise and all(
            array.flags.c_contiguous and array.dtype == kernel.dtype for array in (x, y)
        ):
            rows = x.reshape(-1, self.channels)
            multiply(rows, matrix, y.reshape(-1, self.filters), finish)
            return
        operations = self.operations(y)
        threads = threads_for(operations)
        is_direct = y.flags.c_contiguous and y.dtype == kernel.dtype
        tiles = self.tiles(len(x), kernel.itemsize, threads, is_direct=is_direct)
        # If there are fewer tiles than threads, all threads multiply each tile.
        product = multiply if len(tiles) < threads else _products.multiply_alone

        def compute(index: int) -> None:
            tile, memory = tiles[index], scratch.take(_budget.columns(threads))
            columns, place = _columns(x, tile, memory, kernel.dtype), y[tile.place]
            if is_direct:
                product(columns, matrix, place.reshape(len(columns), -1), finish)
            else:
                apart = np.empty((len(columns), self.filters), kernel.dtype)
                product(columns, matrix, apart, finish)
                place[...] = apart.reshape(place.shape)
            scratch.give_back(memory)

        if product is multiply:
            for index in range(len(tiles)):
                compute(index)
        else:
            run(compute, len(tiles), operations)

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        operations = self.operations(y)
        threads = threads_for(operations)
        tiles = self.tiles(len(x), x.itemsize, threads, is_direct=y.flags.c_contiguous)
        length = math.prod(self.geometry.taps) * self.channels
        sums = partial_sums((length, self.filters), x.dtype, min(threads, len(tiles)))
        # Without memory for a separate sum per thread, all threads share each product.
        are_helped = len(sums) == 1

        def add(part: int) -> None:
            # Always the same tiles in the same order: the same sum at every call.
            memory = scratch.take(_budget.columns(threads))
            for index in range(part, len(tiles), len(sums)):
                columns = _columns(x, tiles[index], memory, x.dtype)
                read = y[tiles[index].place].reshape(len(columns), -1)
                add_product(sums[part], columns, read, are_helped=are_helped)
            scratch.give_back(memory)

        if are_helped:
            add(0)
        else:
            run(add, len(sums), operations)
        gradient = sum_of(sums)
        return gradient.reshape(*self.geometry.taps, self.channels, self.filters)

    def operations(self, y: Array) -> int:
        """Return how many multiplications and additions make `y`, or more."""
        return 2 * y.size * math.prod(self.geometry.taps) * self.channels

    def tiles(self, batch: int, itemsize: int, threads: int, *, is_direct: bool) -> Tiles:
        """Return the tiles; they are smaller if a product is not written directly to its place."""
        found: Tiles = self._tiles(batch, itemsize, threads, is_direct)
        return found

    @cached_property
    def _tiles(self) -> Any:
        """The function from a batch size, the bytes of a number and a number of threads to tiles.

        Where there is more than one tile, there are as many for each thread. Thread-safe.
        """
        length = math.prod(self.geometry.taps) * self.channels
        cells = math.prod(self.geometry.output_size)

        @lru_cache(maxsize=16)
        def tiles(batch: int, itemsize: int, threads: int, is_direct: bool) -> Tiles:
            column = length * itemsize
            most = max(TILE_BYTES // column, min(TILE_CELLS, _budget.columns(threads) // column), 1)
            if not is_direct:
                most = max(min(most, _budget.products(threads) // (self.filters * itemsize)), 1)
            total = batch * cells
            is_shared = total > most or total >= threads * WORTH_A_TILE
            most = even_share(total, most, threads if is_shared else 1)
            return self.geometry.tiles(
                batch=batch,
                channels=self.channels,
                itemsize=itemsize,
                most=most,
                block_bytes=_budget.blocks(threads),
            )

        return tiles


def threads_for(operations: int) -> int:
    return _threads.count() if operations >= _products.WORTH_A_THREAD else 1


def _columns(x: Array, tile: Tile, memory: Bytes, dtype: np.dtype[Any]) -> Array:
    """Return one row of input numbers for each output cell of the tile."""
    return contiguous(tile.windows(x, dtype), memory).reshape(tile.cells, -1)
