"""Cross-correlation one kernel tap after the other: a product of the cells of a block for each.

This is for cases without a better way: taps or strides so far apart, or columns so long, that they
would fill the memory, kernels too large to be reversed, and some groups. Padding is never
allocated: a tap that would read a padded cell skips it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit import widened
from convdispatch_numpy import _budget, _threads
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._products import add_products, run
from convdispatch_numpy._tiles import Geometry, Part, choose, cut

Array = npt.NDArray[Any]
Tap = tuple[int, ...]
Slices = tuple[slice, ...]
# From the tap's place, the written part of the axis, and the axis's number to the cells read and
# the cells written, counted from the part's first cell; None if there are none.
Meet = Callable[[int, Part, int], tuple[slice, slice] | None]

# A block has its cells, their product and the sum of the products.
COPIES = 3


@dataclass(frozen=True, kw_only=True)
class TapByTap:
    """A convolution between channels-last arrays, in any number of groups."""

    geometry: Geometry
    kernel_shape: tuple[int, ...]
    groups: int

    def correlate_into(self, y: Array, x: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished correlation to `y`."""
        self._write(y, x, self._by_group(kernel), self._read_by, finish)

    def input_adjoint_into(self, x: Array, y: Array, kernel: Array, finish: Finish) -> None:
        """Write the finished transposed convolution to `x`."""
        by_group = self._by_group(kernel).swapaxes(-1, -2)
        self._write(x, y, by_group, self._written_by, finish)

    def kernel_adjoint(self, x: Array, y: Array) -> Array:
        """Return the gradient of sum(y * correlate(x, kernel)) in the kernel."""
        gradient = np.zeros(self.kernel_shape, x.dtype)
        by_group = self._by_group(gradient)
        parts = self._blocks(y, x.itemsize)
        taps = list(itertools.product(*map(range, self.geometry.taps)))

        def add(index: int) -> None:
            for samples, *ranges in itertools.product(*parts):
                for tap, read, write in self._meeting([taps[index]], ranges, self._read_by):
                    block = y[(slice(*samples), *(slice(*part) for part in ranges))]
                    cells = self._split(x[(slice(*samples), *read)], x.dtype)
                    results = self._split(block[(slice(None), *write)], x.dtype)
                    add_products(by_group[tap], cells, results)

        run(add, len(taps), self._operations(y))
        return gradient

    def _write(
        self, out: Array, read_from: Array, by_group: Array, meet: Meet, finish: Finish
    ) -> None:
        dtype = widened(read_from.dtype)
        columns = self._columns(by_group, dtype)
        parts = self._blocks(out, dtype.itemsize)
        taps = list(itertools.product(*map(range, self.geometry.taps)))

        def compute(index: int) -> None:
            samples, *ranges = choose(parts, index)
            place = (slice(*samples), *(slice(*part) for part in ranges))
            total = np.zeros(out[place].shape, dtype)
            for tap, read, write in self._meeting(taps, ranges, meet):
                cells = self._split(read_from[(place[0], *read)], dtype)
                written = total[(slice(None), *write)]
                written = written.reshape(*written.shape[:-1], self.groups, -1)
                for some in columns:
                    matrices = by_group[tap][..., some].astype(dtype, copy=False)
                    product = _product(cells, matrices)
                    written[..., some] += product.reshape(*written.shape[:-1], -1)
            finish(total.reshape(-1, total.shape[-1]))
            out[place] = total

        run(compute, math.prod(map(len, parts)), self._operations(read_from))

    def _columns(self, by_group: Array, dtype: np.dtype[Any]) -> list[slice]:
        """Return the parts of a tap's matrices for which there is room in another element type."""
        *_, groups, read, written = by_group.shape
        if by_group.dtype == dtype:
            return [slice(0, written)]
        most = _budget.KERNELS // _threads.count() // (groups * read * dtype.itemsize)
        return [slice(*part) for part in cut((written,), most)[0]]

    def _split(self, cells: Array, dtype: np.dtype[Any]) -> Array:
        """Return (batch, *spatial, channels) as (groups, cells, channels of one group)."""
        channels = cells.shape[-1] // self.groups
        rows = math.prod(cells.shape[:-1])
        return cells.astype(dtype, copy=False).reshape(rows, self.groups, channels).swapaxes(0, 1)

    def _by_group(self, kernel: Array) -> Array:
        """Return the kernel as (*taps, groups, channels read, channels written), a view."""
        *leading, filters = self.kernel_shape
        split = kernel.reshape(*leading, self.groups, filters // self.groups)
        return np.moveaxis(split, -2, -3)

    def _operations(self, array: Array) -> int:
        return 2 * array.size * math.prod(self.kernel_shape) // max(self.kernel_shape[-1], 1)

    def _blocks(self, out: Array, itemsize: int) -> list[list[Part]]:
        channels, filters = self.kernel_shape[-2:]
        cell = max(channels * self.groups, filters) * itemsize
        threads = _threads.count()
        most = _budget.products(threads) // (COPIES * cell)
        return cut(out.shape[:-1], min(most, -(-math.prod(out.shape[:-1]) // threads)))

    def _meeting(
        self, taps: Sequence[Tap], ranges: Sequence[Part], meet: Meet
    ) -> Iterator[tuple[Tap, Slices, Slices]]:
        """Yield each tap that reaches the block, the cells it reads and those it writes there."""
        for tap in taps:
            met = [
                meet(place, part, axis)
                for axis, (place, part) in enumerate(zip(tap, ranges, strict=True))
            ]
            found = [pair for pair in met if pair is not None]
            if len(found) == len(ranges):
                read, write = zip(*found, strict=True)
                yield tap, read, write

    def _read_by(self, place: int, part: Part, axis: int) -> tuple[slice, slice] | None:
        """Output cell o of a convolution reads input cell stride * o + offset."""
        geometry = self.geometry
        stride, size = geometry.strides[axis], geometry.input_size[axis]
        offset = geometry.dilation[axis] * place - geometry.low_pads[axis]
        first = max(part[0], -(offset // stride))
        last = min(part[1], (size - 1 - offset) // stride + 1)
        if last <= first:
            return None
        read = slice(first * stride + offset, (last - 1) * stride + offset + 1, stride)
        return read, slice(first - part[0], last - part[0])

    def _written_by(self, place: int, part: Part, axis: int) -> tuple[slice, slice] | None:
        """Cell o of a transposed one's input writes cell stride * o + offset."""
        geometry = self.geometry
        stride, size = geometry.strides[axis], geometry.output_size[axis]
        offset = geometry.dilation[axis] * place - geometry.low_pads[axis]
        first = max(0, -((offset - part[0]) // stride))
        last = min(size, (part[1] - 1 - offset) // stride + 1)
        if last <= first:
            return None
        start, stop = (cell * stride + offset - part[0] for cell in (first, last - 1))
        return slice(first, last), slice(start, stop + 1, stride)


def _product(cells: Array, matrices: Array) -> Array:
    """Return (groups, cells, a) times (groups, a, b) as (cells, groups, b)."""
    product: Array
    if matrices.shape[-1] == 1:
        product = np.einsum("gna,ga->ng", cells, matrices[..., 0])
    elif matrices.shape[-2] == 1:
        product = cells.swapaxes(0, 1) * matrices[:, 0]
    else:
        product = np.matmul(cells, matrices).swapaxes(0, 1)
    return product
