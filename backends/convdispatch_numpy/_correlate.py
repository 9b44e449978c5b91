"""Cross-correlation and its two adjoints in plain NumPy: by tiles, or one product per tap.

The three functions are the three faces of one trilinear form sum(y * (x correlated with k)), so
each one's gradients are the other two, to any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit import widened
from convdispatch_numpy import _budget, _taps
from convdispatch_numpy._autograd import Function, differentiable
from convdispatch_numpy._depthwise import DepthwiseConvolution
from convdispatch_numpy._epilogue import Finish, nothing
from convdispatch_numpy._grouped import GroupedConvolution, transposed
from convdispatch_numpy._im2col import TiledConvolution
from convdispatch_numpy._phases import Phase, phases
from convdispatch_numpy._tiles import Geometry

Array = npt.NDArray[Any]
Blocked = TiledConvolution | DepthwiseConvolution

# Bytes of a kernel that is copied to another element type, for which there is scratch memory.
MOST_CAST = _budget.KERNELS
# Bytes of a kernel that is reversed at each call: for a larger kernel one product per tap is
# faster, by a half for an image of 7x7x512 and a kernel of 3x3, by a fifth for eight of them.
MOST_TURNED = 4 * 2**20


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A convolution between channels-last arrays of fixed spatial sizes and any batch size."""

    geometry: Geometry
    kernel_shape: tuple[int, ...]  # (*spatial, input channels per group, output channels)
    groups: int
    only_taps: bool = False

    @cached_property
    def forward(self) -> Function:
        """The function y(x, kernel)."""
        return differentiable(
            self.correlate,
            lambda answer, x, kernel: lambda g: self.input_adjoint(g, kernel),
            lambda answer, x, kernel: lambda g: self.kernel_adjoint(x, g),
        )

    @cached_property
    def input_adjoint(self) -> Function:
        """The function x(y, kernel): the transposed convolution."""
        return differentiable(
            self.transpose,
            lambda answer, y, kernel: lambda g: self.forward(g, kernel),
            lambda answer, y, kernel: lambda g: self.kernel_adjoint(g, y),
        )

    @cached_property
    def kernel_adjoint(self) -> Function:
        """The function kernel(x, y)."""
        return differentiable(
            self._kernel_adjoint,
            lambda answer, x, y: lambda g: self.input_adjoint(y, g),
            lambda answer, x, y: lambda g: self.forward(x, g),
        )

    def correlate(self, x: Array, kernel: Array, finish: Finish = nothing) -> Array:
        """Return the finished correlation, in the element type of `x`."""
        y = np.empty((len(x), *self.geometry.output_size, self.kernel_shape[-1]), x.dtype)
        dtype = widened(x.dtype)
        blocked = self._own_blocks
        if blocked is None or (kernel.dtype != dtype and self._kernel_bytes(dtype) > MOST_CAST):
            if _is_finite(kernel):
                self._by_taps.correlate_into(y, x, kernel, finish)
            else:
                self._padded_taps.correlate_into(y, self._padded(x), kernel, finish)
        else:
            blocked.correlate_into(y, x, kernel.astype(dtype, copy=False), finish)
        return y

    def transpose(self, y: Array, kernel: Array, finish: Finish = nothing) -> Array:
        """Return the finished transposed convolution, in the element type of `y`."""
        channels = self.kernel_shape[-2] * self.groups
        x = np.empty((len(y), *self.geometry.input_size, channels), y.dtype)
        dtype = widened(y.dtype)
        parts = self._adjoint_parts
        # Convolutions that read zeros around `y` would turn them into NaN by infinity; taps read
        # none.
        if parts is None or self._is_turned_slowly(kernel, dtype) or not _is_finite(kernel):
            self._by_taps.input_adjoint_into(x, y, kernel, finish)
            return x
        if sum(math.prod(phase.geometry.output_size) for phase, _ in parts) < math.prod(
            self.geometry.input_size
        ):
            unreached = np.zeros((1, channels), dtype)
            finish(unreached)
            x[...] = unreached
        for phase, blocked in parts:
            taps = kernel[phase.taps].astype(dtype, copy=False)
            backwards = taps[(slice(None, None, -1),) * (taps.ndim - 2)]
            blocked.correlate_into(x[phase.cells], y, transposed(backwards, self.groups), finish)
        return x

    @property
    def is_blocked(self) -> bool:
        """Whether the convolution itself is computed block by block."""
        return self._own_blocks is not None

    def _kernel_adjoint(self, x: Array, y: Array) -> Array:
        blocked = self._own_blocks
        return (self._by_taps if blocked is None else blocked).kernel_adjoint(x, y)

    def _kernel_bytes(self, dtype: np.dtype[Any]) -> int:
        return math.prod(self.kernel_shape) * dtype.itemsize

    def _is_turned_slowly(self, kernel: Array, dtype: np.dtype[Any]) -> bool:
        """Whether the products of the taps take less time than reversing the kernel first."""
        is_copied = self.groups > 1 or self._is_adjoint_of_taps or kernel.dtype != dtype
        return is_copied and self._kernel_bytes(dtype) > MOST_TURNED

    @cached_property
    def _is_adjoint_of_taps(self) -> bool:
        """Whether a part of the adjoint has several taps, so that their order is reversed."""
        return any(math.prod(phase.geometry.taps) > 1 for phase, _ in self._adjoint_parts or ())

    @cached_property
    def _by_taps(self) -> _taps.TapByTap:
        return _taps.TapByTap(
            geometry=self.geometry, kernel_shape=self.kernel_shape, groups=self.groups
        )

    @cached_property
    def _padded_taps(self) -> _taps.TapByTap:
        """The same taps over an image with its pads: zeros by infinity are NaN."""
        geometry = self.geometry
        size = tuple(
            low + cells + high
            for (low, high), cells in zip(self._pads, geometry.input_size, strict=True)
        )
        crops = tuple(min(low, 0) for low in geometry.low_pads)
        padded = replace(geometry, input_size=size, low_pads=crops)
        return _taps.TapByTap(geometry=padded, kernel_shape=self.kernel_shape, groups=self.groups)

    @cached_property
    def _pads(self) -> tuple[tuple[int, int], ...]:
        geometry = self.geometry
        axes = zip(
            geometry.input_size,
            geometry.output_size,
            geometry.strides,
            geometry.reach,
            geometry.low_pads,
            strict=True,
        )
        return tuple(
            (max(low, 0), max((count - 1) * stride + reach - low - cells, 0))
            for cells, count, stride, reach, low in axes
        )

    def _padded(self, x: Array) -> Array:
        return np.pad(x, ((0, 0), *self._pads, (0, 0)))

    @cached_property
    def _own_blocks(self) -> Blocked | None:
        return self._blocked(self.geometry)

    @cached_property
    def _adjoint_parts(self) -> list[tuple[Phase, Blocked]] | None:
        """The convolutions that together make the input adjoint; None if taps are better."""
        channels, filters = self.kernel_shape[-2:]
        if self.groups > 1 and channels == 1 and filters != self.groups:
            return None  # each product would be one column wide
        found = phases(self.geometry)
        if found is None:
            return None
        parts = []
        for phase in found:
            blocked = self._blocked(phase.geometry, is_adjoint=True)
            if blocked is None:
                return None
            parts.append((phase, blocked))
        return parts

    def _blocked(self, geometry: Geometry, *, is_adjoint: bool = False) -> Blocked | None:
        """Return a convolution with these channels by blocks, None if taps are better."""
        channels, filters = self.kernel_shape[-2:]
        if self.only_taps:
            return None
        groups = self.groups
        reads, writes = channels * groups, filters
        if is_adjoint:
            reads, writes = writes, reads
        if groups > 1 and reads == groups:
            depthwise = DepthwiseConvolution(
                geometry=geometry, channels=groups, multiplier=writes // groups
            )
            return depthwise if depthwise.is_compact else None
        tiled = TiledConvolution(geometry=geometry, channels=reads, filters=writes)
        if not tiled.is_compact:
            return None
        if groups == 1:
            return tiled
        return GroupedConvolution(geometry=geometry, channels=reads, filters=writes, groups=groups)


def _is_finite(kernel: Array) -> bool:
    return bool(np.isfinite(kernel).all())
