"""Convolutions in one group, in the form that XLA compiles best for their shapes on a processor.

The same sum can be asked for in several ways, and XLA's time for them differs up to fiftyfold,
which depends on the shapes. Everything here is composed of JAX's own functions, so that it can be
transformed as any other code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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
from convdispatch_jax._window import (
    BY_SHAPE,
    FRAMEWORK,
    IN_A_WHOLE,
    Convolution,
    Function,
    differentiable,
)

_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class DenseConvolution(Convolution):
    """A convolution in which each result reads all input channels."""

    groups: int = 1

    def forms(self) -> tuple[str, ...]:
        """Return the names of the forms, that of `BY_SHAPE` first."""
        if self.is_pointwise:
            by_shape = (BY_SHAPE,) if max(self.strides) > 1 else ()
            return *by_shape, "product", FRAMEWORK
        return BY_SHAPE, FRAMEWORK, "row", "columns", "columns_by_image"

    def lowered(self, form: str) -> Function:
        """Return the function of (x, kernel) in this form, or in that of its shapes."""
        if form == "product":
            return self.as_product
        if self.is_pointwise and form in (BY_SHAPE, IN_A_WHOLE):
            # No crop: products, and so all gradients, do not read the cells that a stride leaves
            # unread.
            return differentiable(self._pointwise, self.as_product, self.as_product)
        return self.cropped(self._by_shape(form))

    def _by_shape(self, form: str) -> Function:
        def forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
            chosen, sizes = form, self.sizes(x)
            if form in (BY_SHAPE, IN_A_WHOLE) or not has_room(form, sizes):
                chosen = forward_form(sizes, is_alone=form != IN_A_WHOLE)
            return self._in_form(chosen)(x, kernel)

        def of_input(x: jax.Array, kernel: jax.Array) -> jax.Array:
            return self._in_form(input_gradient_form(self.sizes(x)))(x, kernel)

        def of_kernel(x: jax.Array, kernel: jax.Array) -> jax.Array:
            return self._in_form(kernel_gradient_form(self.sizes(x)))(x, kernel)

        return differentiable(forward, of_input, of_kernel)

    def _pointwise(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Leave one large image to XLA, which reads it in strides faster than a slice is made."""
        sizes = self.sizes(x)
        is_one_large = sizes is not None and sizes.images == 1 and sizes.cells >= 100
        return (self.as_convolution if is_one_large else self.as_product)(x, kernel)

    def _in_form(self, name: str) -> Function:
        forms: dict[str, Function] = {
            FRAMEWORK: self.as_convolution,
            "row": self.with_one_more_row,
            "columns": self.as_columns,
            "columns_by_image": self.as_columns_by_image,
        }
        return forms[name]

    def with_one_more_row(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Ask for one more row than is wanted, and drop it.

        Without pads, or with the same on all sides, XLA takes another way, which is the slower one
        for large images.
        """
        (top, bottom), *others = self.pads
        return self.with_pads(x, kernel, [(top, bottom + self.strides[0]), *others])[:, :-1]

    def as_product(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Multiply a matrix of cells with the kernel, which is one cell."""
        read = (slice(None), *(slice(None, None, stride) for stride in self.strides))
        return self._product(x if max(self.strides) == 1 else x[read], kernel)

    def as_columns(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Lay the cells that each result reads side by side, and multiply: im2col."""
        read = [cells for _, cells in self.read_by_taps(x)]
        return self._product(jnp.concatenate(read, -1), kernel)

    def as_columns_by_image(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Do the same image by image, so that the columns of one at a time are in memory."""

        # Its transpose shall make the columns again: those of all images would be kept for it.
        @jax.checkpoint
        def one(image: jax.Array, kernel: jax.Array) -> jax.Array:
            return self.as_columns(image[None], kernel)[0]

        made: jax.Array = lax.map(lambda image: one(image, kernel), x)
        return made

    def _product(self, cells: jax.Array, kernel: jax.Array) -> jax.Array:
        *shape, length = cells.shape
        matrix = lax.dot_general(
            cells.reshape(math.prod(shape), length),
            kernel.reshape(length, kernel.shape[-1]),
            (((1,), (0,)), ((), ())),
            precision=self.precision,
        )
        return matrix.reshape(*shape, kernel.shape[-1])

    def sizes(self, x: jax.Array) -> Sizes | None:
        """Return the sizes for the rules; None if JAX exports for sizes that are still unknown."""
        if not all(isinstance(size, int) for size in x.shape):
            return None
        output = self.output_size(x)
        channels = self.kernel_shape[-2]
        length, cells = math.prod(self.taps) * channels, math.prod(output)
        filters = self.kernel_shape[-1]
        one = x.shape[0] * x.dtype.itemsize / _MIB  # memory of one number of each image
        return Sizes(
            rank=len(output),
            images=x.shape[0],
            channels=channels,
            filters=filters,
            length=length,
            cells=cells,
            inputs=one * math.prod(x.shape[1:]),
            columns=one * cells * length,
            results=one * cells * filters,
            width=output[-1],
            is_padded=any(map(any, self.pads)),
            is_strided=max(self.strides) > 1,
        )
