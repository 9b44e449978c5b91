"""Cross-correlation one kernel tap after the other: a product of the cells of a block for each.

This is for groups of one channel, whose products are multiplications, and for cases without a
better way: taps or strides so far apart, or columns so long, that they would fill the memory, and
kernels too large to be reversed. Padding is never allocated: a tap skips the cells that it would
read there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit import Axis, widened
from convdispatch_numpy import _products, _scratch, _threads
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._tiles import KEPT, Grouped, Part, Slices, choose, cut

Array = npt.NDArray[Any]
Meeting = tuple[tuple[int, ...], Slices, Slices]  # a tap, the cells it reads and those it writes

# A block has its cells, their product and the sum of the products.
COPIES = 3
# Operations of a product that take as long as one that is no product: it waits for the memory.
SLOWER = 16


@dataclass(frozen=True, kw_only=True)
class TapByTap(Grouped):
    """It computes in the element type of the input, or in float32 for half precision."""

    def correlate_into(self, y: Array, x: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished correlation to `y`, which may be a strided view."""
        dtype = widened(x.dtype)
        columns = self._columns(kernel, dtype)
        blocks = self._blocks(y, dtype.itemsize)
        x = self._split(x)

        def compute(index: int) -> None:
            place, meeting = self._block(*choose(blocks, index))
            total = np.zeros(y[place].shape, dtype)
            by_group = self._split(total)
            for tap, read, written in meeting:
                cells, sums = x[read].astype(dtype, copy=False), by_group[written]
                for some in columns:
                    matrices = kernel[tap][..., some].astype(dtype, copy=False)
                    sums[..., some] += _product(cells, matrices)
            finish(total.reshape(-1, total.shape[-1]))
            y[place] = total

        _products.run(compute, math.prod(map(len, blocks)), self.operations(y))

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel, by group."""
        blocks = self._blocks(y, x.itemsize)
        x, upstream = self._split(x), self._split(y)

        def add(total: Array, index: int, are_helped: bool) -> None:
            place, meeting = self._block(*choose(blocks, index))
            for tap, read, written in meeting:
                cells, results = _rows(x[read]), _rows(upstream[place][written])
                if self._is_multiplied:
                    total[tap] += np.einsum("ngr,ngw->grw", cells, results)
                else:
                    matrices = cells.swapaxes(0, 1), results.swapaxes(0, 1)
                    _products.add_product(total[tap], *matrices, are_helped=are_helped)

        taps = (axis.taps for axis in self.axes)
        shape = (*taps, self.groups, self.read, self.written)
        number = math.prod(map(len, blocks))
        return _products.summed(add, shape, x.dtype, number, self.operations(y))

    @property
    def _is_multiplied(self) -> bool:
        return self.groups > 1 and self.read == self.written == 1

    def operations(self, y: Array) -> int:
        """Return how many operations of a matrix product take as long."""
        return super().operations(y) * (SLOWER if self._is_multiplied else 1)

    def _columns(self, kernel: Array, dtype: np.dtype[Any]) -> list[slice]:
        """Return the parts of a tap's matrices for which there is room in another element type."""
        if kernel.dtype == dtype:
            return [slice(0, self.written)]
        row = self.groups * self.read * dtype.itemsize
        most = _scratch.KERNELS // _threads.count() // row
        return [slice(*part) for part in cut((self.written,), most)[0]]

    def _split(self, cells: Array) -> Array:
        """Return the cells with their channels by group, a view."""
        return cells.reshape(*cells.shape[:-1], self.groups, cells.shape[-1] // self.groups)

    def _blocks(self, y: Array, itemsize: int) -> list[list[Part]]:
        cell = max(self.read, self.written) * self.groups * itemsize
        threads = _products.threads_for(self.operations(y))
        copies = COPIES - self._is_multiplied  # of the cells there is none then
        most = _scratch.products(threads) // (copies * cell)
        return cut(y.shape[:-1], min(most, -(-math.prod(y.shape[:-1]) // threads)))

    @cached_property
    def _block(self) -> Callable[..., tuple[Slices, list[Meeting]]]:
        """The function from a block's parts to its place, and the taps that read cells for it."""
        return lru_cache(KEPT)(self._made)

    def _made(self, samples: Part, *ranges: Part) -> tuple[Slices, list[Meeting]]:
        place = slice(*samples), *(slice(*part) for part in ranges)
        meetings = []
        for one in itertools.product(*map(met, self.axes, ranges)):
            tap, read, written = zip(*one, strict=True)
            meetings.append((tap, (place[0], *read), (slice(None), *written)))
        return place, meetings


def met(axis: Axis, part: Part) -> Iterator[tuple[int, slice, slice]]:
    """Yield the taps that read cells for the output cells of that part of the axis.

    Output cell o reads, for tap j, input cell stride * o + dilation * j - pad.
    """
    start, stop = part
    stride = axis.stride
    for tap in range(axis.taps):
        offset = axis.dilation * tap - axis.low
        first = max(start, -(offset // stride))
        last = min(stop, (axis.size - 1 - offset) // stride + 1)
        if first < last:
            read = slice(first * stride + offset, (last - 1) * stride + offset + 1, stride)
            yield tap, read, slice(first - start, last - start)


def _rows(cells: Array) -> Array:
    return cells.reshape(-1, *cells.shape[-2:])


def _product(cells: Array, matrices: Array) -> Array:
    """Return (*cells, groups, a) times (groups, a, b) as (*cells, groups, b)."""
    products: Array
    if matrices.shape[1:] == (1, 1):
        products = cells * matrices[:, 0]
    else:
        products = np.matmul(_rows(cells).swapaxes(0, 1), matrices).swapaxes(0, 1)
    return products.reshape(*cells.shape[:-1], -1)
