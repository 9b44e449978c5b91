"""Depthwise cross-correlation: a multiplication and an addition a tap, block by block.

There is no matrix product in it: each channel has a kernel of its own. A block of output cells
stays in the cache while all taps are added to it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _budget, _threads
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._products import partial_sums, sum_of
from convdispatch_numpy._tiles import Geometry, Tile, Tiles, even_share

Array = npt.NDArray[Any]

# Of a block of output cells: threads that have smaller ones wait for the interpreter.
BLOCK_BYTES = 2**19
# Output numbers times taps below which a thread of one's own is not worth it.
WORTH_A_THREAD = 2**20


@dataclass(frozen=True, kw_only=True)
class DepthwiseConvolution:
    """A convolution in as many groups as channels, each with `multiplier` output channels.

    It computes in the kernel's element type, and reads and writes arrays of any other.
    """

    geometry: Geometry
    channels: int
    multiplier: int

    @cached_property
    def is_compact(self) -> bool:
        """Whether what one output cell reads has room in the scratch memory."""
        largest = np.dtype("float64").itemsize * self.channels
        reach = math.prod(self.geometry.reach)
        return largest * reach <= _budget.smallest(_budget.BLOCKS)

    def correlate_into(self, y: Array, x: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished correlation to `y`, which may be a strided view."""
        weights = kernel.reshape(*self.geometry.taps, self.channels, self.multiplier)
        threads = self._threads_for(y)
        tiles = self._tiles(len(x), kernel.itemsize, threads)

        def compute(index: int) -> None:
            tile = tiles[index]
            total = self._sum_of_taps(x, weights, tile)
            finish(total.reshape(tile.cells, -1))
            y[tile.place] = total.reshape(*total.shape[:-2], -1)

        _threads.run(compute, len(tiles), helped=threads > 1)

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        threads = self._threads_for(y)
        tiles = self._tiles(len(x), x.itemsize, threads)
        shape = (*self.geometry.taps, self.channels, self.multiplier)
        sums = partial_sums(shape, x.dtype, min(threads, len(tiles)))

        def add(part: int) -> None:
            # Always the same blocks in the same order: the same sum at every call.
            for index in range(part, len(tiles), len(sums)):
                tile = tiles[index]
                read = y[tile.place].reshape(tile.cells, self.channels, self.multiplier)
                for tap, cells in self._taps(tile.windows(x, x.dtype)):
                    product = cells.reshape(tile.cells, self.channels, 1) * read
                    sums[part][tap] += product.sum(axis=0)

        _threads.run(add, len(sums))
        return sum_of(sums).reshape(*self.geometry.taps, 1, self.channels * self.multiplier)

    def _sum_of_taps(self, x: Array, weights: Array, tile: Tile) -> Array:
        windows = tile.windows(x, weights.dtype)
        rank = len(self.geometry.taps)
        shape = (*windows.shape[: rank + 1], self.channels, self.multiplier)
        total, product = np.zeros(shape, weights.dtype), np.empty(shape, weights.dtype)
        for tap, cells in self._taps(windows):
            np.multiply(cells, weights[tap], out=product)
            total += product
        return total

    def _taps(self, windows: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
        """Yield each tap with the cells that it reads, (samples, *cells, channels, 1)."""
        for tap in itertools.product(*map(range, self.geometry.taps)):
            yield tap, windows[(..., *tap, slice(None), np.newaxis)]

    def _threads_for(self, y: Array) -> int:
        is_worth_it = y.size * math.prod(self.geometry.taps) >= WORTH_A_THREAD
        return _threads.count() if is_worth_it else 1

    @cached_property
    def _tiles(self) -> Any:
        """The function from a batch size, the bytes of a number and a number of threads to tiles.

        Where there is more than one tile, there are as many for each thread. Thread-safe.
        """
        cells = math.prod(self.geometry.output_size)

        @lru_cache(maxsize=16)
        def tiles(batch: int, itemsize: int, threads: int) -> Tiles:
            most = max(BLOCK_BYTES // (self.channels * self.multiplier * itemsize), 1)
            return self.geometry.tiles(
                batch=batch,
                channels=self.channels,
                itemsize=itemsize,
                most=even_share(batch * cells, most, threads),
                block_bytes=_budget.smallest(_budget.BLOCKS),
            )

        return tiles
