"""The common start of all forms of a convolution on a CPU: channels-last, padded and cropped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

Function = Callable[[jax.Array, jax.Array], jax.Array]  # of (x, kernel)
Pads = Sequence[tuple[int, int]]

BY_SHAPE = "by_shape"
# In a function that is compiled as a whole, XLA fuses a convolution without pads with the next
# operation. That is much faster for a pooling or a sum, and never slower than code by hand.
IN_A_WHOLE = "in_a_whole"
FRAMEWORK = "framework"

_LAYOUTS = {
    1: ("NWC", "WIO", "NWC"),
    2: ("NHWC", "HWIO", "NHWC"),
    3: ("NDHWC", "DHWIO", "NDHWC"),
}


def is_a_processor() -> bool:
    """Return whether the traced code will run on a CPU, as far as that is known.

    Asked while tracing: an accelerator's compiler gets the framework's own convolution.
    """
    return jax.default_backend() == "cpu"


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """A convolution of channels-last tensors, of any rank and in any number of groups."""

    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    crop: Pads  # of the axes that lose cells, which come first
    pads: Pads  # of the other axes, not negative
    kernel_shape: tuple[int, ...]  # (*taps, input channels of a group, output channels)
    groups: int
    precision: lax.Precision

    @property
    def taps(self) -> tuple[int, ...]:
        """The kernel's size on each axis."""
        return self.kernel_shape[:-2]

    @property
    def is_pointwise(self) -> bool:
        """Whether each result depends on one cell of the input."""
        # Cells after the last one that a stride reads are not pads.
        sides = zip(self.crop, self.pads, self.strides, strict=True)
        return set(self.taps) == {1} and all(
            pads == (0, 0) and low == 0 and -stride < high <= 0
            for (low, high), pads, stride in sides
        )

    def forms(self) -> tuple[str, ...]:
        """Return the names of the forms, that of `BY_SHAPE` first if it is not the only one."""
        raise NotImplementedError

    def lowered(self, form: str) -> Function:
        """Return the function of (x, kernel) in this form, or in that of its shapes."""
        raise NotImplementedError

    def cropped(self, convolve: Function) -> Function:
        """Return the function that crops and then convolves."""
        if not any(map(any, self.crop)):
            return convolve
        spatial = [(low, high, 0) for low, high in self.crop]

        def crop_and_convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
            cells = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *spatial, (0, 0, 0)])
            return convolve(cells, kernel)

        return crop_and_convolve

    def as_convolution(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Ask for it as it is."""
        return self.with_pads(x, kernel, self.pads)

    def with_pads(self, x: jax.Array, kernel: jax.Array, pads: Pads) -> jax.Array:
        """Ask for it with other pads."""
        return lax.conv_general_dilated(
            x,
            kernel,
            self.strides,
            pads,
            rhs_dilation=self.dilation,
            feature_group_count=self.groups,
            dimension_numbers=_LAYOUTS[len(self.strides)],
            precision=self.precision,
        )

    def read_by_taps(self, x: jax.Array) -> Iterator[tuple[tuple[int, ...], jax.Array]]:
        """Yield each tap with the cells that it reads, one for each cell of the result."""
        padded = jnp.pad(x, [(0, 0), *self.pads, (0, 0)])
        size = self.output_size(x)
        for tap in itertools.product(*map(range, self.taps)):
            starts = [place * rate for place, rate in zip(tap, self.dilation, strict=True)]
            stops = [
                start + (cells - 1) * stride + 1
                for start, cells, stride in zip(starts, size, self.strides, strict=True)
            ]
            yield (
                tap,
                lax.slice(
                    padded,
                    (0, *starts, 0),
                    (padded.shape[0], *stops, padded.shape[-1]),
                    (1, *self.strides, 1),
                ),
            )

    def output_size(self, x: jax.Array) -> tuple[int, ...]:
        """Return the spatial axes of the result for cropped input."""
        axes = zip(x.shape[1:-1], self.pads, self.taps, self.dilation, self.strides, strict=True)
        return tuple(
            (cells + low + high - (taps - 1) * rate - 1) // stride + 1
            for cells, (low, high), taps, rate, stride in axes
        )


def differentiable(forward: Function, of_input: Function, of_kernel: Function) -> Function:
    """Return `forward`, whose gradients are the transposes of the other two of the same sum.

    Each of the two parts of the tangent is linear in one argument, and what reverse mode runs is
    its transpose: so the gradients have forms of their own.
    """

    @jax.custom_jvp
    def convolve(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return forward(x, kernel)

    def tangent(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
        (x, kernel), (dx, dkernel) = primals, tangents
        y = convolve(x, kernel)
        parts = []
        if not _is_zero(dx):
            parts.append(of_input(dx, kernel))
        if not _is_zero(dkernel):
            parts.append(of_kernel(x, dkernel))
        return y, sum(parts[1:], parts[0]) if parts else jnp.zeros_like(y)

    convolve.defjvp(tangent, symbolic_zeros=True)
    return convolve


def _is_zero(tangent: object) -> bool:
    return isinstance(tangent, jax.custom_derivatives.SymbolicZero)
