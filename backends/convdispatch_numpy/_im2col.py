"""Cross-correlation as matrix products of tiles: im2col, some cells of the result at a time.

Each row of a tile's matrix holds what one output cell reads, so that one product with the kernel
writes the tile in its place. A tile is a block of output cells that lie side by side in memory: its
columns stay in the cache, and the scratch memory does not grow with the input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _products, _scratch
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._products import by_group
from convdispatch_numpy._scratch import Bytes, Kept, contiguous
from convdispatch_numpy._tiles import Grouped, Tile, Tiles, even_share

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

kept = Kept()


@dataclass(frozen=True, kw_only=True)
class TiledConvolution(Grouped):
    """It computes in the kernel's element type, and reads and writes arrays of any other."""

    @cached_property
    def is_pointwise(self) -> bool:
        """Whether each output cell is a product of the input cell at the same place."""
        steps = ((axis.taps, axis.stride, axis.low, axis.size - axis.count) for axis in self.axes)
        return self.groups == 1 and all(step == (1, 1, 0, 0) for step in steps)

    @cached_property
    def is_compact(self) -> bool:
        """Whether a tile's columns, and the block behind it, have room in the scratch memory.

        The block does not fit if taps, or the cells of a stride, are far apart: on each axis n
        output cells have n taps columns, and (n - 1) stride + reach cells behind them.
        """
        most = math.prod(max(axis.reach, axis.stride) for axis in self.axes)
        reach = math.prod(axis.reach for axis in self.axes)
        largest = np.dtype("float64").itemsize * self.read * self.groups
        return (
            most <= SPREAD * self.taps
            and largest * self.taps <= _scratch.smallest(_scratch.COLUMNS)
            and largest * reach <= _scratch.smallest(_scratch.BLOCKS)
        )

    def correlate_into(self, y: Array, x: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished correlation to `y`, which may be a strided view."""
        if self.groups > 1:
            kernel = np.moveaxis(kernel, -3, 0)
        matrices = kernel.reshape(self.groups, -1, self.written)
        if self.is_pointwise and all(
            array.flags.c_contiguous and array.dtype == kernel.dtype for array in (x, y)
        ):
            rows = x.reshape(1, -1, self.read)
            _products.multiply(rows, matrices, y.reshape(-1, self.written), finish)
            return
        operations = self.operations(y)
        threads = _products.threads_for(operations)
        is_direct = y.flags.c_contiguous and y.dtype == kernel.dtype
        tiles = self.tiles(len(x), kernel.itemsize, threads, is_direct)
        # If there are fewer tiles than threads, all threads multiply each tile.
        are_shared = len(tiles) < threads
        product = _products.multiply if are_shared else _products.multiply_alone

        def compute(index: int) -> None:
            tile, memory = tiles[index], kept.take(_scratch.columns(threads))
            columns, place = self._columns(x, tile, memory, kernel.dtype), y[tile.place]
            if is_direct:
                product(columns, matrices, place.reshape(tile.cells, -1), finish)
            else:
                rows = np.empty((tile.cells, y.shape[-1]), kernel.dtype)
                product(columns, matrices, rows, finish)
                place[...] = rows.reshape(place.shape)
            kept.give_back(memory)

        _products.run(compute, len(tiles), 0 if are_shared else operations)

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel, by group."""
        operations = self.operations(y)
        threads = _products.threads_for(operations)
        tiles = self.tiles(len(x), x.itemsize, threads, y.flags.c_contiguous)

        def add(total: Array, index: int, are_helped: bool) -> None:
            tile, memory = tiles[index], kept.take(_scratch.columns(threads))
            columns = self._columns(x, tile, memory, x.dtype)
            read = by_group(y[tile.place].reshape(tile.cells, -1), self.groups)
            sums = by_group(total, self.groups)
            _products.add_product(sums, columns, read, are_helped=are_helped)
            kept.give_back(memory)

        shape = (self.taps * self.read, self.groups * self.written)
        total = _products.summed(add, shape, x.dtype, len(tiles), operations)
        taps = (axis.taps for axis in self.axes)
        return total.reshape(*taps, self.read, self.groups, -1).swapaxes(-3, -2)

    @cached_property
    def tiles(self) -> Callable[..., Tiles]:
        """The function that returns the tiles for a batch; it keeps the latest."""
        return lru_cache(maxsize=16)(self._made)

    def _made(self, batch: int, itemsize: int, threads: int, is_direct: bool) -> Tiles:
        """Return tiles, smaller ones if products are not written directly to their place.

        Where there is more than one tile, there are as many for each thread.
        """
        channels = self.groups * self.read
        column = self.taps * channels * itemsize
        most = max(TILE_BYTES // column, min(TILE_CELLS, _scratch.columns(threads) // column), 1)
        if not is_direct:
            row = self.groups * self.written * itemsize
            most = max(min(most, _scratch.products(threads) // row), 1)
        total = batch * math.prod(axis.count for axis in self.axes)
        is_shared = total > most or total >= threads * WORTH_A_TILE
        return Tiles(
            self.axes,
            batch=batch,
            channels=channels,
            itemsize=itemsize,
            most=even_share(total, most, threads if is_shared else 1),
            block_bytes=_scratch.blocks(threads),
        )

    def _columns(self, x: Array, tile: Tile, memory: Bytes, dtype: np.dtype[Any]) -> Array:
        """Return, for each group, one row of input numbers for each output cell of the tile."""
        windows = tile.windows(x, dtype)
        if self.groups > 1:
            windows = windows.reshape(*windows.shape[:-1], self.groups, -1)
            windows = np.moveaxis(windows, -2, 0)
        return contiguous(windows, memory).reshape(self.groups, tile.cells, -1)
