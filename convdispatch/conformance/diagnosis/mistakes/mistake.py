"""One mistake that a backend may make with an op, as the numbers that it would give.

Each is a pure function of a problem, by the oracle: of another op, of other arrays, or of the right
result. Nothing here runs a backend.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from convdispatch.numerics import oracle
from convdispatch.numerics.problem import (
    Array,
    Problem,
    Product,
    before_bias,
    conv_fields,
    expected_of,
)
from convdispatch.ops import Conv, ConvTranspose, Dense, Op, Pool, known_sizes

# The numbers and how far computed ones may be from them; None if the mistake changes nothing.
Answer: TypeAlias = tuple[Array, Array] | None
Numbers: TypeAlias = Callable[[Problem], Answer]
# By the number of an array among those that come back: here the result alone.
Wrong: TypeAlias = Mapping[int, tuple[Array, Array]]
# What a mistake does with an op, the arrays, or a result; the problem is the right one.
ChangedOp: TypeAlias = Callable[[Any, Problem], Any]
ChangedArrays: TypeAlias = Callable[..., tuple[Array, ...] | None]
ChangedResult: TypeAlias = Callable[[Problem, Array], Array | None]

CONVOLUTIONS = (Conv, ConvTranspose)
PRODUCTS = (Conv, ConvTranspose, Dense)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """`what` is done instead, as the subject of a sentence: 'flipping the kernel'."""

    what: str
    ops: tuple[type, ...]
    # Several where the same words leave something open, such as the size of the result.
    variants: tuple[Numbers, ...]
    # With a rounding so coarse that other mistakes may look the same: the last one to be believed.
    is_loose: bool = False

    def answers(self, problem: Problem) -> Iterator[Wrong]:
        """Yield the numbers of each variant that is possible here."""
        if isinstance(problem.op, self.ops):
            for numbers in self.variants:
                answer = possible(numbers, problem)
                if answer is not None:
                    yield {0: answer}


@dataclass(frozen=True, slots=True)
class OfOp:
    """The numbers of another op for the same arrays."""

    change: ChangedOp

    def __call__(self, problem: Problem) -> Answer:
        """Return them."""
        op: Op | None = self.change(problem.op, problem)
        if op is None or op == problem.op:
            return None
        return computed(op, problem.arrays, problem.dtype)


def possible(numbers: Callable[..., Answer], *arguments: Any) -> Answer:
    """Return the numbers, or None where the shapes make no sense: nobody made that mistake here."""
    with contextlib.suppress(ValueError, IndexError), np.errstate(all="ignore"):
        return numbers(*arguments)
    return None


def of_arrays(change: ChangedArrays) -> Numbers:
    """Return the numbers of the same op for other arrays: change(problem, x, kernel, bias)."""

    def numbers(problem: Problem) -> Answer:
        arrays = change(problem, *problem.arrays)
        return None if arrays is None else computed(problem.op, arrays, problem.dtype)

    return numbers


def of_result(change: ChangedResult) -> Numbers:
    """Return the right numbers, moved or multiplied; their bounds with them."""

    def numbers(problem: Problem) -> Answer:
        exact, allowed = (change(problem, each) for each in problem.expected)
        return None if exact is None or allowed is None else (exact, np.abs(allowed))

    return numbers


def computed(op: Op, arrays: tuple[Array, ...], dtype: str) -> tuple[Array, Array]:
    """Return the oracle's result and bound, also for a transposed op whose sizes do not fit."""
    return expected_of(op, arrays, dtype, _product)


def spatial(problem: Problem) -> tuple[int, ...]:
    """Return the spatial sizes of the input."""
    shape = problem.input_shape
    return shape[1:-1] if problem.channels_last else shape[2:]


def taps(problem: Problem) -> tuple[int, ...]:
    """Return the spatial sizes of the kernel, or of the window; nothing for another op."""
    if isinstance(problem.op, Pool):
        return problem.op.size
    return problem.weight_shapes[0][:-2] if problem.weight_shapes else ()


def channels(problem: Problem, order: Any) -> tuple[Any, ...]:
    """Return the index that takes the channels in this order."""
    return (..., order) if problem.channels_last else (slice(None), order)


def cells(problem: Problem, index: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the index that takes these cells of every sample and channel."""
    whole = slice(None)
    return (whole, *index, whole) if problem.channels_last else (whole, whole, *index)


def _product(op: Product, x: Array, kernel: Array) -> Array:
    """Return the result before bias and activation.

    A transposed convolution writes all that its taps reach; then as many cells as the op says are
    kept, or zeros put around them.
    """
    if not isinstance(op, ConvTranspose):
        return before_bias(op, x, kernel)
    read = x.shape[1:-1] if op.channels_last else x.shape[2:]
    axes = zip(read, kernel.shape[:-2], op.strides, op.dilation, strict=True)
    reached = tuple(stride * (n - 1) + rate * (k - 1) + 1 for n, k, stride, rate in axes)
    fields = {**conv_fields(op), "pads": ((0, 0),) * len(read)}
    whole = oracle.conv_transpose(x, kernel, **fields, output_size=reached)
    sizes = zip(op.pads, known_sizes(op.output_size), reached, strict=True)
    pads = tuple((-low, low + written - n) for (low, _), written, n in sizes)
    return oracle.pad(whole, pads, channels_last=op.channels_last)
