"""Blocks of output cells and the input cells that they read, as integers known before any call.

The tiles of a convolution depend on sizes alone, so they are made once for each batch size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Slices = tuple[slice, ...]
Part = tuple[int, int]  # from the first cell of an axis to that after the last

# Tiles of a convolution that are kept for the next call; the others are made again.
KEPT = 1024


@dataclass(frozen=True, slots=True)
class _Range:
    """The part of a tile on one axis."""

    start: int  # output cells
    stop: int
    read: slice  # input cells
    put: slice  # where they lie in the block, whose other cells are zero
    size: int  # of the block

    @property
    def is_bare(self) -> bool:
        """Whether the block is all input cells."""
        return bool(self.put == slice(0, self.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A block of output cells."""

    place: Slices  # in the result
    cells: int  # of all samples
    read: Slices  # input cells
    put: Slices | None  # where they lie in the block; None if they fill it
    block_shape: tuple[int, ...]
    window_shape: tuple[int, ...]  # (samples, *cells, *taps, channels)
    block_strides: tuple[int, ...]  # of the windows, in bytes of a contiguous block
    input_strides: tuple[int, ...]  # the same in the whole contiguous input
    offset: int  # of the first window there, in bytes

    def windows(self, x: Array, dtype: np.dtype[Any]) -> Array:
        """Return, for each output cell, the input numbers that it reads: a view or a strided one.

        A reshape copies it; `x` is channels-last, with any strides and element type.
        """
        if self.put is None:
            if x.flags.c_contiguous and x.dtype == dtype:
                return np.ndarray(self.window_shape, dtype, x, self.offset, self.input_strides)
            block = np.ascontiguousarray(x[self.read], dtype)
        else:
            block = np.zeros(self.block_shape, dtype)
            block[self.put] = x[self.read]
        return np.ndarray(self.window_shape, dtype, block, 0, self.block_strides)


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """The spatial axes of a convolution."""

    input_size: tuple[int, ...]
    output_size: tuple[int, ...]
    taps: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    low_pads: tuple[int, ...]  # a negative one crops

    @property
    def reach(self) -> tuple[int, ...]:
        """How many cells the kernel spans on each axis."""
        axes = zip(self.taps, self.dilation, strict=True)
        return tuple((taps - 1) * rate + 1 for taps, rate in axes)

    def tiles(
        self, *, batch: int, channels: int, itemsize: int, most: int, block_bytes: int
    ) -> Tiles:
        """Return tiles of at most `most` cells, and at most so many bytes of input behind each.

        A single cell may read more than that.
        """
        while True:
            found = Tiles(self, batch=batch, channels=channels, itemsize=itemsize, most=most)
            if found.block_bytes <= block_bytes or most <= 1:
                return found
            most = -(-most // 2)

    def block_size(self, cells: Sequence[int]) -> int:
        """Return how many input cells lie behind a block of so many output cells on each axis."""
        axes = zip(cells, self.strides, self.reach, strict=True)
        return math.prod((size - 1) * stride + reach for size, stride, reach in axes)

    def tile(self, parts: Sequence[Part], channels: int, itemsize: int) -> Tile:
        """Return the block of output cells that has these parts of the batch and each axis."""
        samples, *spatial = parts
        ranges = [self._range(axis, *part) for axis, part in enumerate(spatial)]
        return self._tile(slice(*samples), ranges, channels, itemsize)

    def _tile(self, samples: slice, ranges: Sequence[_Range], channels: int, itemsize: int) -> Tile:
        count = samples.stop - samples.start
        cells = tuple(axis.stop - axis.start for axis in ranges)
        block_shape = (count, *(axis.size for axis in ranges), channels)
        read = (samples, *(axis.read for axis in ranges))
        is_bare = all(axis.is_bare for axis in ranges)
        whole = _strides((0, *self.input_size, channels), itemsize)
        return Tile(
            place=(samples, *(slice(axis.start, axis.stop) for axis in ranges)),
            cells=count * math.prod(cells),
            read=read,
            put=None if is_bare else (slice(None), *(axis.put for axis in ranges)),
            block_shape=block_shape,
            window_shape=(count, *cells, *self.taps, channels),
            block_strides=self._window_strides(_strides(block_shape, itemsize)),
            input_strides=self._window_strides(whole),
            offset=sum(axis.start * step for axis, step in zip(read, whole, strict=False)),
        )

    def _window_strides(self, strides: tuple[int, ...]) -> tuple[int, ...]:
        first, *spatial, last = strides
        return (
            first,
            *(step * stride for step, stride in zip(spatial, self.strides, strict=True)),
            *(step * rate for step, rate in zip(spatial, self.dilation, strict=True)),
            last,
        )

    def _range(self, axis: int, start: int, stop: int) -> _Range:
        stride, low = self.strides[axis], self.low_pads[axis]
        begin = start * stride - low
        size = (stop - start - 1) * stride + self.reach[axis]
        first = min(max(begin, 0), self.input_size[axis])
        last = max(min(begin + size, self.input_size[axis]), first)
        put = min(max(first - begin, 0), size)
        return _Range(start, stop, slice(first, last), slice(put, put + last - first), size)


class Tiles:
    """Blocks that cover the result of a convolution: each is made when it is first asked for."""

    def __init__(
        self, geometry: Geometry, *, batch: int, channels: int, itemsize: int, most: int
    ) -> None:
        self._geometry = geometry
        self._channels = channels
        self._itemsize = itemsize
        self._parts = cut((batch, *geometry.output_size), most)
        self._length = math.prod(map(len, self._parts))
        self._kept: dict[int, Tile] = {}

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Tile]:
        return map(self.__getitem__, range(self._length))

    def __getitem__(self, index: int) -> Tile:
        tile = self._kept.get(index)
        if tile is None:
            chosen = choose(self._parts, index)
            tile = self._geometry.tile(chosen, self._channels, self._itemsize)
            if index < KEPT:
                self._kept[index] = tile
        return tile

    @property
    def block_bytes(self) -> int:
        """Of the largest block of input cells, with the zeros around it."""
        samples, *cells = (
            max((stop - start for start, stop in parts), default=0) for parts in self._parts
        )
        return samples * self._geometry.block_size(cells) * self._channels * self._itemsize


def even_share(cells: int, most: int, threads: int) -> int:
    """Return a tile's number of cells, at most `most`, so that all threads have as many tiles."""
    tiles = -(-cells // most)
    return -(-cells // (max(-(-tiles // threads), 1) * threads))


def cut(sizes: Sequence[int], most: int) -> list[list[Part]]:
    """Return the parts of each axis; one part of each is a block of at most `most` cells.

    The last axes are whole, one is cut, and those before it are taken cell by cell, so that a block
    lies together in memory.
    """
    parts: list[list[Part]] = []
    for size in reversed(sizes):
        step = min(max(most, 1), max(size, 1))
        step = -(-size // max(-(-size // step), 1)) or 1  # as many parts, of the same length
        parts.append([(start, min(start + step, size)) for start in range(0, size, step)])
        most = most // size if step == size else 0
    return parts[::-1]


def choose(parts: Sequence[Sequence[Part]], index: int) -> list[Part]:
    """Return the block of that index, which counts the parts of the last axis first."""
    chosen = []
    for axis in reversed(parts):
        index, place = divmod(index, len(axis))
        chosen.append(axis[place])
    return chosen[::-1]


def _strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return the strides of a contiguous array, in bytes."""
    found = [itemsize]
    for size in reversed(shape[1:]):
        found.append(found[-1] * size)
    return tuple(reversed(found))
