"""An op with numbers to compute it of, and how far a right answer may be from the exact one.

Nothing random is stored: a problem is small enough to be printed, and its numbers are drawn anew
from its seed, always the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache, partial
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.numerics import bounds, oracle, oracle_by_taps
from convdispatch.numerics.drawing import draw
from convdispatch.numerics.oracle_pooling import pool
from convdispatch.numerics.oracle_resizing import resize
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Shape,
    Signature,
    Upsample,
    known_sizes,
)

Array: TypeAlias = npt.NDArray[Any]
# The ops that have weights: a product, a bias and an activation.
Product: TypeAlias = Conv | ConvTranspose | Dense

# Products that one cell of a bilinear image may have gone through: docs/rounding.md.
_BILINEAR_PRODUCTS = 8


@dataclass(frozen=True, kw_only=True)
class Problem:
    """An op, the shapes of its inputs, and the source of the numbers.

    `values` says how they are drawn: 'normal' (every bit of the significand is used), 'eighths'
    (multiples of 1/8 from -2 to 2, whose sums and products are exact in every element type),
    'positive' (from 1/2 to 1: nothing cancels, so a long sum grows), or, without any chance, so
    that a person can follow the sums, 'counting' (the input 1, 2, 3, ..., a small kernel 1, 10,
    100), 'signed' (the same with every second number negative) and 'small' (1/8, -2/8, 3/8, ...).
    `drawing` has some more, for one thing each.
    """

    op: Op
    input_shape: Shape  # with the batch axis
    weight_shapes: tuple[Shape, ...] = ()
    dtype: str = "float32"
    values: str = "normal"
    seed: int = 0

    @property
    def signature(self) -> Signature:
        """The signature for which the op is lowered."""
        return Signature(
            input_shape=self.input_shape[1:], weight_shapes=self.weight_shapes, dtype=self.dtype
        )

    @property
    def reduction_length(self) -> int:
        """Products summed into one number of the result, the bias counted as one more."""
        return _reduction_length(self.op, self.weight_shapes[0]) if self.weight_shapes else 0

    @property
    def channels_last(self) -> bool:
        """Whether the last axis of the input holds the channels; that of a `Dense` always does."""
        return isinstance(self.op, Dense) or self.op.channels_last

    @cached_property
    def arrays(self) -> tuple[Array, ...]:
        """The input and the weights: float64 arrays of numbers that the element type has.

        They are shared and read-only: copy what is to be changed.
        """
        salt = zlib.crc32(repr((self.input_shape, self.weight_shapes)).encode())
        rng = np.random.default_rng((self.seed, salt))
        shapes = (self.input_shape, *self.weight_shapes)
        drawn = tuple(
            round_to(draw(self.values, rng, n, shape), self.dtype) for n, shape in enumerate(shapes)
        )
        for array in drawn:
            array.flags.writeable = False
        return drawn

    @property
    def expected(self) -> tuple[Array, Array]:
        """The exact result and the largest error allowed in the element type, cell by cell."""
        return _expected(self)


def round_to(values: Array, dtype: str) -> Array:
    """Return float64 numbers rounded to those that the element type has.

    >>> round_to(np.array([1 / 3]), "bfloat16")
    array([0.33398438])
    """
    if dtype != "bfloat16":
        return values.astype(dtype).astype(np.float64)
    # bfloat16 is the upper half of a float32: add half a unit, ties to even, and cut.
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return rounded.astype(np.uint32).view(np.float32).astype(np.float64)


def conv_fields(op: Conv | ConvTranspose) -> dict[str, Any]:
    """Return the fields that the op and the oracle's functions share."""
    shared = ("strides", "pads", "dilation", "groups", "channels_last")
    return {name: getattr(op, name) for name in shared}


def pool_fields(op: Pool) -> dict[str, Any]:
    """Return the fields of a pooling, which are the oracle's arguments."""
    return asdict(op)


def resize_fields(op: Resize) -> dict[str, Any]:
    """Return the fields of a resampling that the oracle's two functions share."""
    shared = ("interpolation", "coordinates", "channels_last")
    return {name: getattr(op, name) for name in shared}


def before_bias(op: Product, x: Array, kernel: Array) -> Array:
    """Return the oracle's result before bias and activation."""
    if isinstance(op, Dense):
        return oracle.dense(x, kernel)
    if isinstance(op, ConvTranspose):
        written = known_sizes(op.output_size)
        return oracle_by_taps.conv_transpose(x, kernel, **conv_fields(op), output_size=written)
    return oracle_by_taps.conv(x, kernel, **conv_fields(op))


def add_bias(op: Product, product: Array, bias: Array | None) -> Array:
    """Return the product plus one number a channel, where the op has a bias."""
    if bias is None:
        return product
    is_last = isinstance(op, Dense) or op.channels_last
    return product + (bias if is_last else bias.reshape(-1, *[1] * (product.ndim - 2)))


def output_shape(problem: Problem) -> Shape:
    """Return the shape of the exact result, the batch axis included."""
    return problem.expected[0].shape


def with_batch(problem: Problem, batch: int) -> Problem:
    """Return the same op for another number of samples; the numbers are drawn anew."""
    return replace(problem, input_shape=(batch, *problem.input_shape[1:]))


def expected_of(
    op: Op,
    arrays: Sequence[Array],
    dtype: str,
    product: Callable[[Product, Array, Array], Array] = before_bias,
) -> tuple[Array, Array]:
    """Return the exact result for these arrays, and the largest error allowed, cell by cell.

    `product` computes an op with weights before bias and activation.
    """
    if isinstance(op, Pad):
        exact = oracle_by_taps.pad(arrays[0], op.pads, channels_last=op.channels_last)
        return exact, np.zeros_like(exact)
    if isinstance(op, Upsample):
        return _upsampled(op, arrays[0], dtype)
    if isinstance(op, Pool):
        return _pooled(op, arrays[0], dtype)
    if isinstance(op, Resize):
        return _resized(op, arrays[0], dtype)
    x, kernel, *bias = arrays
    exact = add_bias(op, product(op, x, kernel), bias[0] if bias else None)
    absolute_bias = np.abs(bias[0]) if bias else None
    absolute = add_bias(op, product(op, np.abs(x), np.abs(kernel)), absolute_bias)
    allowed = _rounding(absolute, _reduction_length(op, kernel.shape), dtype)
    return bounds.activated(exact, allowed, op.activation, dtype)


@lru_cache(maxsize=512)
def _expected(problem: Problem) -> tuple[Array, Array]:
    return expected_of(problem.op, problem.arrays, problem.dtype)


def _upsampled(op: Upsample, x: Array, dtype: str) -> tuple[Array, Array]:
    upsample = partial(
        oracle_by_taps.upsample,
        factors=op.factors,
        interpolation=op.interpolation,
        channels_last=op.channels_last,
    )
    exact = upsample(x)
    if op.interpolation == "nearest":
        return exact, np.zeros_like(exact)
    return exact, _rounding(upsample(np.abs(x)), _BILINEAR_PRODUCTS, dtype)


def _pooled(op: Pool, x: Array, dtype: str) -> tuple[Array, Array]:
    exact = pool(x, **pool_fields(op))
    if op.kind == "max":
        return exact, np.zeros_like(exact)
    length = prod(op.size) + bounds.DIVISION_ROUNDINGS
    return exact, _rounding(pool(np.abs(x), **pool_fields(op)), length, dtype)


def _resized(op: Resize, x: Array, dtype: str) -> tuple[Array, Array]:
    fields = {**resize_fields(op), "output_size": op.output_size}
    exact = resize(x, **fields)
    if op.interpolation == "nearest":
        return exact, np.zeros_like(exact)
    weighed, counted = (resize(np.abs(x), **fields, weighs=each) for each in (True, False))
    rank = len(op.output_size)
    both = _rounding(weighed, bounds.resize_roundings(rank), dtype)
    return exact, both + bounds.shares_bound(counted, rank, dtype)


def _rounding(absolute: Array, length: int, dtype: str) -> Array:
    """Return the bound of computing in the element type, and of the oracle, which rounds too."""
    return bounds.conv_bound(absolute, length, dtype) + bounds.conv_bound(
        absolute, length, "float64"
    )


def _reduction_length(op: Op, kernel_shape: Shape) -> int:
    if not isinstance(op, Product):
        return 0
    *taps, channels, filters = kernel_shape
    if isinstance(op, Dense):
        return channels + op.bias
    read = filters // op.groups if isinstance(op, ConvTranspose) else channels
    return int(prod(taps) * read + op.bias)
