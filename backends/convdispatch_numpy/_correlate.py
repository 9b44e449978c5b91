"""Cross-correlation and its two adjoints in plain NumPy: by tiles, or one product a kernel tap.

The three functions are the three faces of one trilinear form sum(y * (x correlated with k)), so
each one's gradients are the other two, to any order. Tap by tap padding is never materialised: a
tap that would read a padded cell skips it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _taps
from convdispatch_numpy._autograd import Function, differentiable
from convdispatch_numpy._depthwise import DepthwiseConvolution
from convdispatch_numpy._grouped import GroupedConvolution, transposed
from convdispatch_numpy._im2col import TiledConvolution
from convdispatch_numpy._phases import Phase, phases
from convdispatch_numpy._tiles import Geometry

Array = npt.NDArray[Any]
Blocked = TiledConvolution | DepthwiseConvolution


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
            self._forward,
            lambda answer, x, kernel: lambda g: self.input_adjoint(g, kernel),
            lambda answer, x, kernel: lambda g: self.kernel_adjoint(x, g),
        )

    @cached_property
    def input_adjoint(self) -> Function:
        """The function x(y, kernel): the transposed convolution."""
        return differentiable(
            self._input_adjoint,
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

    @property
    def is_blocked(self) -> bool:
        """Whether the convolution itself is computed block by block."""
        return self._blocked(self.geometry) is not None

    def _forward(self, x: Array, kernel: Array) -> Array:
        blocked = self._own_blocks
        if blocked is not None:
            return blocked.correlate(x, kernel)
        return self._by_taps.correlate(x, kernel)

    def _input_adjoint(self, y: Array, kernel: Array) -> Array:
        parts = self._adjoint_parts
        if parts is None:
            return self._by_taps.input_adjoint(y, kernel)
        channels = self.kernel_shape[-2] * self.groups
        x = np.zeros((len(y), *self.geometry.input_size, channels), y.dtype)
        for phase, blocked in parts:
            taps = kernel[phase.taps]
            flipped = taps[(slice(None, None, -1),) * (taps.ndim - 2)]
            backwards = transposed(flipped, self.groups)
            blocked.correlate_into(x[phase.cells], y, np.ascontiguousarray(backwards))
        return x

    def _kernel_adjoint(self, x: Array, y: Array) -> Array:
        blocked = self._own_blocks
        if isinstance(blocked, TiledConvolution):
            return blocked.kernel_adjoint(x, y)
        return self._by_taps.kernel_adjoint(x, y)

    @cached_property
    def _by_taps(self) -> _taps.TapByTap:
        return _taps.TapByTap(
            geometry=self.geometry, kernel_shape=self.kernel_shape, groups=self.groups
        )

    @cached_property
    def _own_blocks(self) -> Blocked | None:
        return self._blocked(self.geometry)

    @cached_property
    def _adjoint_parts(self) -> list[tuple[Phase, Blocked]] | None:
        """The convolutions that together make the input adjoint; None where taps do it better."""
        channels, filters = self.kernel_shape[-2:]
        if self.groups > 1 and channels == 1 and filters != self.groups:
            return None  # each product would be one column wide
        parts = []
        for phase in phases(self.geometry) or ():
            blocked = self._blocked(phase.geometry, is_adjoint=True)
            if blocked is None:
                return None
            parts.append((phase, blocked))
        return parts if phases(self.geometry) is not None else None

    def _blocked(self, geometry: Geometry, *, is_adjoint: bool = False) -> Blocked | None:
        """Return a convolution with these channels by blocks, None where taps do it better."""
        channels, filters = self.kernel_shape[-2:]
        if self.only_taps:
            return None
        groups = self.groups
        reads, writes = channels * groups, filters
        if is_adjoint:
            reads, writes = writes, reads
        if groups > 1 and reads == groups:
            return DepthwiseConvolution(
                geometry=geometry, channels=groups, multiplier=writes // groups
            )
        tiled = TiledConvolution(geometry=geometry, channels=reads, filters=writes)
        if not tiled.is_compact:
            return None
        if groups == 1:
            return tiled
        return GroupedConvolution(geometry=geometry, channels=reads, filters=writes, groups=groups)
