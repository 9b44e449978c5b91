"""Blocks of output cells and the input cells that they read, as integers known before any call.

The tiles of a convolution depend on sizes alone, so they are made once for each batch size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit import Axis

Array = npt.NDArray[Any]
Slices = tuple[slice, ...]
Axes = tuple[Axis, ...]
Part = tuple[int, int]  # from the first cell of an axis to that after the last

# Tiles, or blocks, of a convolution that are kept for the next call.
KEPT = 1024


@dataclass(frozen=True, kw_only=True)
class Grouped:
    """A convolution between channels-last arrays of fixed spatial sizes and any batch size.

    Its kernel is given by group: (*taps, groups, channels read, channels written).
    """

    axes: Axes
    groups: int
    read: int  # channels of a group
    written: int

    @cached_property
    def taps(self) -> int:
        """How many taps the kernel has."""
        return math.prod(axis.taps for axis in self.axes)

    def operations(self, y: Array) -> int:
        """Return how many multiplications and additions make `y`."""
        return 2 * y.size * self.taps * self.read


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


class Tiles:
    """Blocks that cover the result of a convolution: each is made when it is first asked for.

    They have at most `most` cells, and at most so many bytes of input behind each. A single cell
    may read more than that.
    """

    def __init__(
        self,
        axes: Axes,
        *,
        batch: int,
        channels: int,
        itemsize: int,
        most: int,
        block_bytes: int,
    ) -> None:
        self._axes, self._channels, self._itemsize = axes, channels, itemsize
        sizes = batch, *(axis.count for axis in axes)
        self._parts = cut(sizes, most)
        while most > 1 and self._block_bytes() > block_bytes:
            most = -(-most // 2)
            self._parts = cut(sizes, most)
        self._length = math.prod(map(len, self._parts))
        self._tile = lru_cache(KEPT)(self._made)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Tile:
        return self._tile(index)

    def _block_bytes(self) -> int:
        """Return the size of the largest block of input cells, with the zeros around it."""
        samples, *counts = (
            max((stop - start for start, stop in parts), default=0) for parts in self._parts
        )
        spans = (replace(axis, count=n).span for axis, n in zip(self._axes, counts, strict=True))
        return samples * math.prod(spans) * self._channels * self._itemsize

    def _made(self, index: int) -> Tile:
        samples, *parts = choose(self._parts, index)
        ranges = [_read(axis, *part) for axis, part in zip(self._axes, parts, strict=True)]
        sizes, inputs, places = zip(*ranges, strict=True)
        count, *cells = (stop - start for start, stop in (samples, *parts))
        channels = self._channels
        block_shape = count, *sizes, channels
        read = slice(*samples), *inputs
        is_bare = all(put == slice(0, size) for put, size in zip(places, sizes, strict=True))
        whole = _strides((0, *(axis.size for axis in self._axes), channels), self._itemsize)
        return Tile(
            place=(slice(*samples), *(slice(*part) for part in parts)),
            cells=count * math.prod(cells),
            read=read,
            put=None if is_bare else (slice(None), *places),
            block_shape=block_shape,
            window_shape=(count, *cells, *(axis.taps for axis in self._axes), channels),
            block_strides=self._window_strides(_strides(block_shape, self._itemsize)),
            input_strides=self._window_strides(whole),
            offset=sum(one.start * step for one, step in zip(read, whole, strict=False)),
        )

    def _window_strides(self, strides: tuple[int, ...]) -> tuple[int, ...]:
        first, *spatial, last = strides
        pairs = list(zip(spatial, self._axes, strict=True))
        return (
            first,
            *(step * axis.stride for step, axis in pairs),
            *(step * axis.dilation for step, axis in pairs),
            last,
        )


def _read(axis: Axis, start: int, stop: int) -> tuple[int, slice, slice]:
    """Return the size of the block, the input cells in it, and their place, on one axis."""
    begin = start * axis.stride - axis.low
    size = (stop - start - 1) * axis.stride + axis.reach
    first = min(max(begin, 0), axis.size)
    last = max(min(begin + size, axis.size), first)
    put = min(max(first - begin, 0), size)
    return size, slice(first, last), slice(put, put + last - first)


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
