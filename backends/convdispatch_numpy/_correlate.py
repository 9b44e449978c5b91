"""Cross-correlation and its two adjoints in plain NumPy: by tiles, or one product per tap.

The three functions are the three faces of one trilinear form sum(y * (x correlated with k)), so
each one's gradients are the other two, to any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.kit import widened
from convdispatch_numpy import _scratch
from convdispatch_numpy._autograd import Function, differentiable
from convdispatch_numpy._epilogue import Finish, nothing
from convdispatch_numpy._im2col import TiledConvolution
from convdispatch_numpy._phases import Phase, phases
from convdispatch_numpy._taps import TapByTap
from convdispatch_numpy._tiles import Axes

Array = npt.NDArray[Any]

# Bytes of a kernel that is copied to another element type, for which there is scratch memory.
MOST_CAST = _scratch.KERNELS
# Bytes of a kernel that is reversed at each call: for a larger kernel one product per tap is
# faster, by a half for an image of 7x7x512 and a kernel of 3x3, by a fifth for eight of them.
MOST_TURNED = 4 * 2**20


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A convolution between channels-last arrays of fixed spatial sizes and any batch size."""

    axes: Axes
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
        y = np.empty((len(x), *self._written), x.dtype)
        dtype = widened(x.dtype)
        matrices = self._by_group(kernel)
        is_cast = kernel.dtype != dtype and kernel.size * dtype.itemsize > MOST_CAST
        # Padded columns are zeros, which infinity turns into NaN; taps leave pads out.
        if (self._own.is_tiled and not is_cast) or not _is_finite(kernel):
            self._own.tiled.correlate_into(y, x, matrices.astype(dtype, copy=False), finish)
        else:
            self._own.by_taps.correlate_into(y, x, matrices, finish)
        return y

    def transpose(self, y: Array, kernel: Array, finish: Finish = nothing) -> Array:
        """Return the finished transposed convolution, in the element type of `y`."""
        channels = self.kernel_shape[-2] * self.groups
        x = np.empty((len(y), *(axis.size for axis in self.axes), channels), y.dtype)
        dtype = widened(y.dtype)
        if self._reaches_less:
            unreached = np.zeros((1, channels), dtype)
            finish(unreached)
            x[...] = unreached
        # The zeros around `y` are no part of a transposed convolution, even of infinite weights.
        is_finite = _is_finite(kernel)
        by_group = self._by_group(kernel).swapaxes(-1, -2)
        for phase, ways in self._phases:
            taps = by_group[phase.taps][(slice(None, None, -1),) * len(phase.taps)]
            is_copied = self.groups > 1 or math.prod(taps.shape[:-3]) > 1 or taps.dtype != dtype
            is_slow = is_copied and kernel.size * dtype.itemsize > MOST_TURNED
            if ways.is_tiled and is_finite and not is_slow:
                taps = taps.astype(dtype, copy=False)
                ways.tiled.correlate_into(x[phase.cells], y, taps, finish)
            else:
                ways.by_taps.correlate_into(x[phase.cells], y, taps, finish)
        return x

    @property
    def is_tiled(self) -> bool:
        """Whether the convolution itself is computed by tiles."""
        return self._own.is_tiled

    def _kernel_adjoint(self, x: Array, y: Array) -> Array:
        way = self._own.tiled if self._own.is_tiled else self._own.by_taps
        return way.kernel_adjoint(x, y).swapaxes(-3, -2).reshape(self.kernel_shape)

    def _by_group(self, kernel: Array) -> Array:
        """Return the kernel as (*taps, groups, channels read, channels written), a view."""
        if self.groups == 1:
            return kernel[..., np.newaxis, :, :]
        return kernel.reshape(*kernel.shape[:-1], self.groups, -1).swapaxes(-3, -2)

    @cached_property
    def _written(self) -> tuple[int, ...]:
        """The shape of the correlation, without the batch axis."""
        return *(axis.count for axis in self.axes), self.kernel_shape[-1]

    @cached_property
    def _own(self) -> _Ways:
        channels, filters = self.kernel_shape[-2:]
        return self._ways(self.axes, channels, filters // self.groups)

    @cached_property
    def _phases(self) -> list[tuple[Phase, _Ways]]:
        """The convolutions that together make the input adjoint."""
        channels, filters = self.kernel_shape[-2:]
        return [
            (phase, self._ways(phase.axes, filters // self.groups, channels))
            for phase in phases(self.axes)
        ]

    @cached_property
    def _reaches_less(self) -> bool:
        """Whether no tap of the input adjoint reaches some cells."""
        reached = (math.prod(axis.count for axis in phase.axes) for phase, _ in self._phases)
        return sum(reached) < math.prod(axis.size for axis in self.axes)

    def _ways(self, axes: Axes, read: int, written: int) -> _Ways:
        channels = {"groups": self.groups, "read": read, "written": written}
        tiled = TiledConvolution(axes=axes, **channels)
        # A group that writes one channel has products one column wide: not worth its tiles.
        has_products = self.groups == 1 or written > 1
        return _Ways(
            tiled=tiled,
            by_taps=TapByTap(axes=axes, **channels),
            is_tiled=has_products and tiled.is_compact and not self.only_taps,
        )


@dataclass(frozen=True, slots=True)
class _Ways:
    """Both ways to compute a convolution, and which is the better."""

    tiled: TiledConvolution
    by_taps: TapByTap
    is_tiled: bool


def _is_finite(kernel: Array) -> bool:
    return bool(np.isfinite(kernel).all())
