"""Convolutions of images on a processor, in the form that XLA compiles best for their shapes.

The same sum can be asked for in several ways, and XLA's time for them differs by up to fivefold,
which depends on the shapes. Everything here is composed of JAX's own functions, so that it can be
transformed as any other code.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from convdispatch_jax._rules import (
    Sizes,
    forward_form,
    has_room,
    input_gradient_form,
    kernel_gradient_form,
)

Function = Callable[[jax.Array, jax.Array], jax.Array]

BY_SHAPE = "by_shape"
# In a function that is compiled as a whole XLA fuses a convolution without pads with what follows,
# and is much the faster for it where that is a pooling or a sum; never slower than code by hand.
IN_A_WHOLE = "in_a_whole"

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_MIB = 2**20


def is_a_processor() -> bool:
    """Say whether what is traced now will run on a processor, as far as can be known.

    Asked while tracing: an accelerator's compiler gets the framework's own convolution.
    """
    return jax.default_backend() == "cpu"


@dataclass(frozen=True, kw_only=True)
class ImageConvolution:
    """A convolution in one group, without dilation, of channels-last images."""

    strides: tuple[int, int]
    crop: Sequence[tuple[int, int]]  # pads of the axes that lose cells, which come first
    pads: Sequence[tuple[int, int]]  # of the other axes, not negative
    kernel_shape: tuple[int, ...]  # (rows, columns, input channels, output channels)
    precision: lax.Precision

    def forms(self) -> tuple[str, ...]:
        """Return the names of the forms, that of `BY_SHAPE` first."""
        if self.is_pointwise:
            by_shape = (BY_SHAPE,) if self.strides != (1, 1) else ()
            return *by_shape, "product", "framework"
        return BY_SHAPE, "framework", "row", "columns", "columns_by_image"

    def lowered(self, form: str) -> Function:
        """Return the function of (x, kernel) in this form, or in that of its shapes."""
        if form == "product":
            return self.as_product
        if self.is_pointwise and form in (BY_SHAPE, IN_A_WHOLE):
            # No crop: what a stride leaves unread is unread by products, and so by all gradients.
            return _differentiable(self._pointwise, self.as_product, self.as_product)

        convolve = self._by_shape(form)

        def cropped(x: jax.Array, kernel: jax.Array) -> jax.Array:
            if any(map(any, self.crop)):
                spatial = [(low, high, 0) for low, high in self.crop]
                x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *spatial, (0, 0, 0)])
            return convolve(x, kernel)

        return cropped

    def _by_shape(self, form: str) -> Function:
        def forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
            chosen, sizes = form, self._sizes(x)
            if form in (BY_SHAPE, IN_A_WHOLE) or not has_room(form, sizes):
                chosen = forward_form(sizes, is_alone=form != IN_A_WHOLE)
            return self._in_form(chosen)(x, kernel)

        def of_input(x: jax.Array, kernel: jax.Array) -> jax.Array:
            return self._in_form(input_gradient_form(self._sizes(x)))(x, kernel)

        def of_kernel(x: jax.Array, kernel: jax.Array) -> jax.Array:
            return self._in_form(kernel_gradient_form(self._sizes(x)))(x, kernel)

        return _differentiable(forward, of_input, of_kernel)

    def _pointwise(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Leave one large image to XLA, which reads it in strides faster than a slice is made."""
        sizes = self._sizes(x)
        is_one_large = sizes is not None and sizes.images == 1 and sizes.cells >= 100
        return (self.as_convolution if is_one_large else self.as_product)(x, kernel)

    @property
    def is_pointwise(self) -> bool:
        """Whether each result depends on one cell of the image."""
        # Cells that a stride leaves over, after its last, are no pads.
        sides = zip(self.crop, self.pads, self.strides, strict=True)
        return self.kernel_shape[:2] == (1, 1) and all(
            pads == (0, 0) and low == 0 and -stride < high <= 0
            for (low, high), pads, stride in sides
        )

    def _in_form(self, name: str) -> Function:
        forms: dict[str, Function] = {
            "framework": self.as_convolution,
            "row": self.with_one_more_row,
            "columns": self.as_columns,
            "columns_by_image": self.as_columns_by_image,
        }
        return forms[name]

    def as_convolution(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Ask for it as it is."""
        return self._convolution(x, kernel, self.pads)

    def with_one_more_row(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Ask for one more row than is wanted, and drop it.

        Without pads, or with the same on all sides, XLA takes another way, which is the slower one
        for large images.
        """
        (top, bottom), sides = self.pads
        return self._convolution(x, kernel, [(top, bottom + self.strides[0]), sides])[:, :-1]

    def as_product(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Multiply a matrix of cells with the kernel, which is one cell."""
        rows, columns = self.strides
        cells = x if self.strides == (1, 1) else x[:, ::rows, ::columns]
        return self._product(cells, kernel)

    def as_columns(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Lay side by side what each result reads, and multiply: im2col."""
        rows, columns, channels, _ = self.kernel_shape
        padded = jnp.pad(x, [(0, 0), *self.pads, (0, 0)])
        images = padded.shape[0]
        down, across = self._output_size(x)
        read = [
            lax.slice(
                padded,
                (0, row, column, 0),
                (
                    images,
                    row + (down - 1) * self.strides[0] + 1,
                    column + (across - 1) * self.strides[1] + 1,
                    channels,
                ),
                (1, *self.strides, 1),
            )
            for row, column in itertools.product(range(rows), range(columns))
        ]
        return self._product(jnp.concatenate(read, -1), kernel)

    def as_columns_by_image(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Do the same image by image, so that the columns of one at a time are in memory."""

        # Its transpose shall make the columns again: those of all images would be kept for it.
        @jax.checkpoint
        def one(image: jax.Array, kernel: jax.Array) -> jax.Array:
            return self.as_columns(image[None], kernel)[0]

        made: jax.Array = lax.map(lambda image: one(image, kernel), x)
        return made

    def _convolution(
        self, x: jax.Array, kernel: jax.Array, pads: Sequence[tuple[int, int]]
    ) -> jax.Array:
        return lax.conv_general_dilated(
            x, kernel, self.strides, pads, dimension_numbers=_LAYOUT, precision=self.precision
        )

    def _product(self, cells: jax.Array, kernel: jax.Array) -> jax.Array:
        *shape, length = cells.shape
        matrix = lax.dot_general(
            cells.reshape(math.prod(shape), length),
            kernel.reshape(length, kernel.shape[-1]),
            (((1,), (0,)), ((), ())),
            precision=self.precision,
        )
        return matrix.reshape(*shape, kernel.shape[-1])

    def _output_size(self, x: jax.Array) -> tuple[int, int]:
        down, across = (
            (cells + low + high - taps) // stride + 1
            for cells, (low, high), taps, stride in zip(
                x.shape[1:3], self.pads, self.kernel_shape, self.strides, strict=False
            )
        )
        return down, across

    def _sizes(self, x: jax.Array) -> Sizes | None:
        """Return what the rules go by; None where JAX exports for sizes yet unknown."""
        if not all(isinstance(size, int) for size in x.shape):
            return None
        output = self._output_size(x)
        rows, columns, channels, _ = self.kernel_shape
        length = rows * columns * channels
        return Sizes(
            images=x.shape[0],
            channels=channels,
            length=length,
            cells=math.prod(output),
            columns=x.shape[0] * math.prod(output) * length * x.dtype.itemsize / _MIB,
            width=output[1],
            is_padded=any(map(any, self.pads)),
            is_strided=self.strides != (1, 1),
        )


def _differentiable(forward: Function, of_input: Function, of_kernel: Function) -> Function:
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
