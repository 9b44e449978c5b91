"""Convolutions in one group, in the form that XLA compiles best for their shapes on a processor.

The same sum can be asked for in several ways, and XLA's time for them differs up to fiftyfold,
which depends on the shapes. Everything here is composed of JAX's own functions, so that it can be
transformed as any other code.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from convdispatch import kit
from convdispatch.ops import HALF_DTYPES, Conv, Signature, spatial_rank
from convdispatch_jax._rules import (
    Sizes,
    forward_form,
    has_room,
    input_gradient_form,
    kernel_gradient_form,
)

Function = Callable[..., jax.Array]  # of (x, kernel)
Pads = Sequence[tuple[int, int]]

BY_SHAPE = "by_shape"
# In a function that is compiled as a whole, XLA fuses a convolution without pads with the next
# operation. That is much faster for a pooling or a sum, and never slower than code by hand.
IN_A_WHOLE = "in_a_whole"
FRAMEWORK = "framework"

_MIB = 2**20


class Convolution:
    """A convolution of channels-last tensors, without bias and activation.

    In groups it has the framework's form alone.
    """

    def __init__(self, op: Conv, signature: Signature) -> None:
        windows = kit.windows(op, signature)
        pads, none = [window.fitted for window in windows], (0, 0)
        # XLA of jax 0.10.2 aborts the process ("Window dimensions do not match RHS shape", in its
        # algebraic simplifier) where a convolution of stride-dilated cells has a pad beyond the
        # kernel's reach: the gradient of a 4x4 image, kernel 3x2, stride 2, pads (0, 0) and (1, 1).
        # Such pads come of crops and of cells that the stride leaves unread: those go before.
        self.crop = [sides if min(sides) < 0 else none for sides in pads]
        self.pads = [none if min(sides) < 0 else sides for sides in pads]
        self.windows = windows
        self.counts = [axis.count for axis in windows if isinstance(axis, kit.Axis)]
        self.strides, self.dilation, self.groups = op.strides, op.dilation, op.groups
        self.kernel_shape = signature.weight_shapes[0]
        # Half precision is exact in TF32 and in three bfloat16s: tensor cores lose nothing of it.
        is_half = signature.dtype in HALF_DTYPES
        self.precision = lax.Precision.HIGH if is_half else lax.Precision.HIGHEST
        spatial = "DHW"[-spatial_rank(op) :]
        self._dimensions = f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"

    @property
    def is_pointwise(self) -> bool:
        """Whether each result depends on one cell of the input."""
        # Cells after the last one that a stride reads are not pads.
        return not any(map(any, self.pads)) and all(
            window.taps == 1 and low == 0 and -window.stride < high <= 0
            for window, (low, high) in zip(self.windows, self.crop, strict=True)
        )

    def forms(self) -> tuple[str, ...]:
        """Return the names of the forms, that of `BY_SHAPE` first."""
        if self.is_pointwise:
            by_shape = (BY_SHAPE,) if max(self.strides) > 1 else ()
            return *by_shape, "product", FRAMEWORK
        return BY_SHAPE, FRAMEWORK, "row", "columns", "columns_by_image"

    def lowered(self, form: str) -> Function:
        """Return the function of (x, kernel) in this form, or in that of its shapes."""
        if form == "product":
            return self._product
        if not self.is_pointwise or form == FRAMEWORK:
            return self.cropped(self._by_shape(form))

        def pointwise(x: jax.Array, kernel: jax.Array) -> jax.Array:
            # One large image is left to XLA: it reads in strides faster than a slice is made.
            sizes = self.sizes(x)
            is_one_large = sizes is not None and sizes.images == 1 and sizes.cells >= 100
            return (self.framework if is_one_large else self._product)(x, kernel)

        # No crop: products, and so all gradients, do not read the cells that a stride leaves
        # unread.
        return differentiable(pointwise, self._product, self._product)

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

    def _in_form(self, name: str) -> Function:
        forms: dict[str, Function] = {
            FRAMEWORK: self.framework,
            "row": self._with_one_more_row,
            "columns": self._columns,
            "columns_by_image": self._columns_by_image,
        }
        return forms[name]

    def cropped(self, convolve: Function) -> Function:
        """Return the function that crops and then convolves."""
        if not any(map(any, self.crop)):
            return convolve
        crop = [(0, 0, 0), *((*sides, 0) for sides in self.crop), (0, 0, 0)]
        return lambda x, kernel: convolve(lax.pad(x, jnp.zeros((), x.dtype), crop), kernel)

    def framework(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Ask for it as it is."""
        return self._with_pads(x, kernel, self.pads)

    def _with_pads(self, x: jax.Array, kernel: jax.Array, pads: Pads) -> jax.Array:
        return lax.conv_general_dilated(
            x,
            kernel,
            self.strides,
            pads,
            rhs_dilation=self.dilation,
            feature_group_count=self.groups,
            dimension_numbers=self._dimensions,
            precision=self.precision,
        )

    def _with_one_more_row(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        # Without pads, or with the same on all sides, XLA takes another way, which is the slower
        # one for large images: the row is asked for and dropped.
        (top, bottom), *others = self.pads
        return self._with_pads(x, kernel, [(top, bottom + self.strides[0]), *others])[:, :-1]

    def _product(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Multiply a matrix of cells with the kernel, which is one cell."""
        read = (slice(None), *(slice(None, None, stride) for stride in self.strides))
        return self._multiplied(x if max(self.strides) == 1 else x[read], kernel)

    def _columns(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Lay the cells that each result reads side by side, and multiply: im2col."""
        padded = jnp.pad(x, [(0, 0), *self.pads, (0, 0)])
        read = []
        for tap in itertools.product(*map(range, self.kernel_shape[:-2])):
            starts = [place * rate for place, rate in zip(tap, self.dilation, strict=True)]
            stops = [
                start + (count - 1) * stride + 1
                for start, count, stride in zip(starts, self.counts, self.strides, strict=True)
            ]
            ends = (padded.shape[0], *stops, padded.shape[-1])
            read.append(lax.slice(padded, (0, *starts, 0), ends, (1, *self.strides, 1)))
        return self._multiplied(jnp.concatenate(read, -1), kernel)

    def _columns_by_image(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """Do the same image by image, so that the columns of one at a time are in memory."""

        # Its transpose shall make the columns again: those of all images would be kept for it.
        @jax.checkpoint
        def one(image: jax.Array, kernel: jax.Array) -> jax.Array:
            return self._columns(image[None], kernel)[0]

        made: jax.Array = lax.map(lambda image: one(image, kernel), x)
        return made

    def _multiplied(self, cells: jax.Array, kernel: jax.Array) -> jax.Array:
        *shape, length = cells.shape
        matrix = lax.dot_general(
            cells.reshape(math.prod(shape), length),
            kernel.reshape(length, kernel.shape[-1]),
            (((1,), (0,)), ((), ())),
            precision=self.precision,
        )
        return matrix.reshape(*shape, kernel.shape[-1])

    def knows(self, x: jax.Array) -> bool:
        """Return whether all sizes are known; they are not where JAX exports a function for any."""
        is_whole = len(self.counts) == len(self.windows)
        return is_whole and all(isinstance(size, int) for size in x.shape)

    def sizes(self, x: jax.Array) -> Sizes | None:
        """Return the sizes for the rules; None if some are still unknown."""
        if not self.knows(x):
            return None
        length, filters = math.prod(self.kernel_shape[:-1]), self.kernel_shape[-1]
        cells = math.prod(self.counts)
        one = x.shape[0] * x.dtype.itemsize / _MIB  # memory of one number of each image
        return Sizes(
            rank=len(self.counts),
            images=x.shape[0],
            channels=self.kernel_shape[-2],
            filters=filters,
            length=length,
            cells=cells,
            inputs=one * math.prod(x.shape[1:]),
            columns=one * cells * length,
            results=one * cells * filters,
            width=self.counts[-1],
            is_padded=any(map(any, self.pads)),
            is_strided=max(self.strides) > 1,
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


def differentiated_as(other: Function, forward: Function) -> Function:
    """Return `forward`, whose gradients are those of another function of the same sum."""

    def of_input(dx: jax.Array, kernel: jax.Array) -> jax.Array:
        # Linear, so at any point: `other` itself would be transposed without its own rules.
        tangent: jax.Array = jax.jvp(lambda x: other(x, kernel), (dx,), (dx,))[1]
        return tangent

    def of_kernel(x: jax.Array, dkernel: jax.Array) -> jax.Array:
        tangent: jax.Array = jax.jvp(lambda k: other(x, k), (dkernel,), (dkernel,))[1]
        return tangent

    return differentiable(forward, of_input, of_kernel)


def _is_zero(tangent: object) -> bool:
    return isinstance(tangent, jax.custom_derivatives.SymbolicZero)
