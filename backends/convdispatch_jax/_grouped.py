"""Convolutions in groups on a processor, where XLA's own take up to two hundred times as long."""

from __future__ import annotations

import functools
import math
import operator
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from convdispatch_jax._dense import DenseConvolution
from convdispatch_jax._window import (
    BY_SHAPE,
    FRAMEWORK,
    IN_A_WHOLE,
    Convolution,
    Function,
    differentiable,
)

# Each tap, and each group, is code of its own to XLA: more of them would take long to compile.
MOST_TAPS = 64
MOST_GROUPS = 64
# Multiplications from which calls for each group are worth it: 0.6 to 1.4 of XLA's time around it.
WORTH_A_CALL_EACH = 2**20


@dataclass(frozen=True, kw_only=True)
class GroupedConvolution(Convolution):
    """A convolution in which each result reads the input channels of one group."""

    @property
    def is_depthwise(self) -> bool:
        """Whether a group is one channel."""
        return self.kernel_shape[-2] == 1

    def forms(self) -> tuple[str, ...]:
        """Return the names of the forms, that of `BY_SHAPE` first if it is not the only one."""
        if self.is_depthwise:
            return (BY_SHAPE, FRAMEWORK) if math.prod(self.taps) <= MOST_TAPS else (FRAMEWORK,)
        return (BY_SHAPE, FRAMEWORK) if self.groups <= MOST_GROUPS else (FRAMEWORK,)

    def lowered(self, form: str) -> Function:
        """Return the function of (x, kernel) in this form, or in that of its shapes."""
        if form == FRAMEWORK:
            return self.cropped(self.as_convolution)
        if self.is_depthwise:
            return self.cropped(self.tap_by_tap)
        by_group = self._by_group(IN_A_WHOLE)

        def forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
            is_worth_it = not self.is_pointwise and self._is_large(x)
            return (by_group if is_worth_it else self.as_convolution)(x, kernel)

        return self.cropped(differentiable(forward, by_group, by_group))

    def _is_large(self, x: jax.Array) -> bool:
        if not all(isinstance(size, int) for size in x.shape):  # exported for sizes yet unknown
            return True
        return (
            x.shape[0] * math.prod((*self.output_size(x), *self.kernel_shape)) >= WORTH_A_CALL_EACH
        )

    def tap_by_tap(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Sum up, for each tap, the cells that it reads, channel by channel: depthwise."""
        multiplier = kernel.shape[-1] // self.groups
        products = (
            (cells if multiplier == 1 else jnp.repeat(cells, multiplier, -1)) * kernel[tap][0]
            for tap, cells in self.read_by_taps(x)
        )
        return functools.reduce(operator.add, products)

    def _by_group(self, form: str) -> Function:
        """Return the function that convolves each group alone."""
        shape = (*self.kernel_shape[:-1], self.kernel_shape[-1] // self.groups)
        one = DenseConvolution(
            strides=self.strides,
            dilation=self.dilation,
            crop=[(0, 0)] * len(self.crop),
            pads=self.pads,
            kernel_shape=shape,
            precision=self.precision,
        ).lowered(form)

        def by_group(x: jax.Array, kernel: jax.Array) -> jax.Array:
            parts = zip(
                jnp.split(x, self.groups, -1), jnp.split(kernel, self.groups, -1), strict=True
            )
            return jnp.concatenate([one(*part) for part in parts], -1)

        return by_group
