"""Depthwise cross-correlation: a multiplication and an addition a tap, block by block.

There is no matrix product in it: each channel has a kernel of its own. A block of output cells
stays in the cache while all taps are added to it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _threads
from convdispatch_numpy._tiles import Geometry, Tile

Array = npt.NDArray[Any]

# Of a block of output cells.
BLOCK_BYTES = 2**17
# Output numbers times taps below which a thread of one's own is not worth it.
WORTH_A_THREAD = 2**20


@dataclass(frozen=True, kw_only=True)
class DepthwiseConvolution:
    """A convolution in as many groups as channels, each with `multiplier` output channels."""

    geometry: Geometry
    channels: int
    multiplier: int

    def correlate(self, x: Array, kernel: Array) -> Array:
        """Return the correlation of (batch, *spatial, channels) with (*taps, 1, filters)."""
        filters = self.channels * self.multiplier
        y = np.empty((len(x), *self.geometry.output_size, filters), x.dtype)
        self.correlate_into(y, x, kernel)
        return y

    def correlate_into(self, y: Array, x: Array, kernel: Array) -> None:
        """Write the correlation to `y`, which may be a strided view."""
        weights = kernel.reshape(*self.geometry.taps, self.channels, self.multiplier)
        tiles = self._tiles(len(x), x.itemsize)

        def compute(index: int) -> None:
            self._add_taps(y, x, weights, tiles[index])

        is_large = y.size * weights[..., 0, 0].size >= WORTH_A_THREAD
        _threads.run(compute, len(tiles), helped=is_large)

    def _add_taps(self, y: Array, x: Array, weights: Array, tile: Tile) -> None:
        windows = tile.windows(x)
        rank = len(self.geometry.taps)
        shape = (*windows.shape[: rank + 1], self.channels, self.multiplier)
        total, product = np.zeros(shape, x.dtype), np.empty(shape, x.dtype)
        for tap in itertools.product(*map(range, self.geometry.taps)):
            cells = windows[(..., *tap, slice(None), np.newaxis)]
            np.multiply(cells, weights[tap], out=product)
            total += product
        y[tile.place] = total.reshape(*shape[:-2], -1)

    @cached_property
    def _tiles(self) -> Any:
        """The function from a batch size and the bytes of a number to all tiles; thread-safe."""

        @lru_cache(maxsize=16)
        def tiles(batch: int, itemsize: int) -> list[Tile]:
            most = max(BLOCK_BYTES // (self.channels * self.multiplier * itemsize), 1)
            return self.geometry.tiles(batch, self.channels, itemsize, most)

        return tiles
