"""A convolution as something to be differentiated, in numbers that carry their error.

A convolution, its transpose and its kernel's gradient are three faces of one form, the sum of
g * product(x, kernel): each is linear in two arrays and sums products. So one rule,
`Form._product`, gives the error of any chain of them, however often the op is differentiated.
docs/rounding.md has the derivation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from convdispatch.numerics import bounds, oracle_by_taps
from convdispatch.numerics.problem import Array, Problem, add_bias, before_bias, conv_fields
from convdispatch.ops import Conv, ConvTranspose, Dense


@dataclass(frozen=True, slots=True)
class Known:
    """Exact numbers, and how far computed ones may be from them."""

    value: Array
    error: Array

    @classmethod
    def exactly(cls, value: Array) -> Known:
        """Return numbers that are given, or computed without a rounding."""
        return cls(value, np.zeros_like(value))

    @property
    def largest(self) -> Array:
        """The largest absolute value that a computed one may have."""
        return np.abs(self.value) + self.error

    def doubled(self) -> Known:
        """Return twice the numbers, which no rounding touches."""
        return Known(2 * self.value, 2 * self.error)


def form_of(problem: Problem, rows: slice = slice(None)) -> Form:
    """Return the form of a problem whose op has weights, or of some of its samples.

    That of a `Dense` is the convolution by one tap of all its rows, side by side.

    Raises TypeError for another op.
    """
    op, (x, *weights) = problem.op, problem.arrays
    x = x[rows]
    if isinstance(op, Dense):
        kernel, *bias = weights
        pointwise = Conv(
            strides=(1,),
            pads=((0, 0),),
            dilation=(1,),
            groups=1,
            channels_last=True,
            bias=op.bias,
            activation=op.activation,
        )
        flat = (x.reshape(len(x), prod(x.shape[1:-1]), x.shape[-1]), kernel[np.newaxis], *bias)
        return Form(pointwise, flat, dtype=problem.dtype)
    if not isinstance(op, Conv | ConvTranspose):
        raise TypeError(f"`problem` must have an op with weights; its op is {op}")
    return Form(op, (x, *weights), dtype=problem.dtype)


class Form:
    """The op f(product(x, kernel) + bias) and the parts of its gradients."""

    def __init__(self, op: Conv | ConvTranspose, arrays: Sequence[Array], *, dtype: str) -> None:
        self.op = op
        self._unit = bounds.unit_roundoff(dtype)
        self._dtype = dtype
        self.x, self.kernel, *bias = map(Known.exactly, arrays)
        self._bias = bias[0] if bias else None

    @property
    def is_curved(self) -> bool:
        """Whether the activation's slope changes."""
        return self.op.activation in ("sigmoid", "tanh")

    def before_activation(self) -> Known:
        """Return z = product(x, kernel) + bias."""
        return self.add_bias(self.forward(self.x, self.kernel), self._bias)

    def forward(self, x: Known, kernel: Known) -> Known:
        """Return product(x, kernel)."""
        *taps, channels, filters = kernel.value.shape
        is_transpose = isinstance(self.op, ConvTranspose)
        read = filters // self.op.groups if is_transpose else channels
        return self._product(
            lambda *pair: before_bias(self.op, *pair), x, kernel, prod(taps) * read
        )

    def for_x(self, g: Known, kernel: Known) -> Known:
        """Return the gradient of sum(g * product(x, kernel)) for x."""
        *taps, channels, filters = kernel.value.shape
        is_transpose = isinstance(self.op, ConvTranspose)
        read = channels if is_transpose else filters // self.op.groups
        return self._product(self._back_to_x, g, kernel, prod(taps) * read)

    def for_kernel(self, x: Known, g: Known) -> Known:
        """Return the gradient of sum(g * product(x, kernel)) for the kernel."""
        written = x if isinstance(self.op, ConvTranspose) else g  # by the convolution itself
        return self._product(self._back_to_kernel, x, g, self._cells(written))

    def for_bias(self, g: Known) -> Known:
        """Return the gradient of sum(g * (product + bias)) for the bias: a sum for each channel."""
        axes = tuple(axis for axis in range(g.value.ndim) if axis != self._channel_axis(g))
        rounding = bounds.gamma(self._cells(g), self._unit) * g.largest.sum(axis=axes)
        return Known(g.value.sum(axis=axes), g.error.sum(axis=axes) + rounding)

    def derivatives(self, g: Known) -> tuple[Known, Known, Known]:
        """Return the gradients of sum(g * (product + bias)) for x, kernel and bias."""
        return self.for_x(g, self.kernel), self.for_kernel(self.x, g), self.for_bias(g)

    def upstream(self, cotangent: Array, *, order: int = 1) -> Known:
        """Return the cotangent times f'(z), or times f''(z)."""
        given = Known.exactly(cotangent)
        if self.op.activation == "linear" and order == 1:
            return given
        z = self.before_activation()
        slope = bounds.slope(z.value, z.error, self.op.activation, order=order, dtype=self._dtype)
        return self.times(given, Known(*slope))

    def times(self, a: Known, b: Known) -> Known:
        """Return the products of two arrays, cell by cell."""
        rounding = bounds.gamma(1, self._unit) * a.largest * b.largest
        return Known(a.value * b.value, rounding + np.abs(a.value) * b.error + a.error * b.largest)

    def sum(self, a: Known, b: Known) -> Known:
        """Return the sums of two arrays, cell by cell."""
        rounding = bounds.gamma(1, self._unit) * (a.largest + b.largest)
        return Known(a.value + b.value, a.error + b.error + rounding)

    def add_bias(self, z: Known, bias: Known | None) -> Known:
        """Return z plus one number a channel, where the op has a bias."""
        if bias is None or self._bias is None:
            return z
        zero = np.zeros_like(z.value)
        spread = Known(*(add_bias(self.op, zero, part) for part in (bias.value, bias.error)))
        return self.sum(z, spread)

    def _product(
        self, face: Callable[[Array, Array], Array], a: Known, b: Known, terms: int
    ) -> Known:
        """Return face(a, b), whose cells are sums of so many products, in any order."""
        error = bounds.gamma(terms, self._unit) * face(a.largest, b.largest)
        if b.error.any():
            error = error + face(np.abs(a.value), b.error)
        if a.error.any():
            error = error + face(a.error, b.largest)
        return Known(face(a.value, b.value), error)

    def _back_to_x(self, g: Array, kernel: Array) -> Array:
        fields = conv_fields(self.op)
        if isinstance(self.op, ConvTranspose):
            return oracle_by_taps.conv(g, kernel, **fields)
        return oracle_by_taps.conv_transpose(g, kernel, **fields, output_size=self._spatial(self.x))

    def _back_to_kernel(self, x: Array, g: Array) -> Array:
        read, written = (g, x) if isinstance(self.op, ConvTranspose) else (x, g)
        return oracle_by_taps.conv_kernel_gradient(
            read, written, kernel_shape=self.kernel.value.shape, **conv_fields(self.op)
        )

    def _channel_axis(self, tensor: Known) -> int:
        return tensor.value.ndim - 1 if self.op.channels_last else 1

    def _spatial(self, tensor: Known) -> tuple[int, ...]:
        shape = tensor.value.shape
        return shape[1:-1] if self.op.channels_last else shape[2:]

    def _cells(self, tensor: Known) -> int:
        """Return in how many places, of all the batch, there is one number a channel."""
        return len(tensor.value) * prod(self._spatial(tensor))
