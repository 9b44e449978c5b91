"""The gradients of a problem by the oracle, and the bounds on computed ones."""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np

from convdispatch.kit import parts_of
from convdispatch.numerics import bounds, oracle_by_taps
from convdispatch.numerics.drawing import EXACT, draw
from convdispatch.numerics.forms import Known, form_of
from convdispatch.numerics.oracle_pooling import pool_gradient
from convdispatch.numerics.oracle_resizing import resize_gradient
from convdispatch.numerics.problem import (
    Array,
    Problem,
    Product,
    pool_fields,
    resize_fields,
    round_to,
)
from convdispatch.ops import Pad, Pool, Resize, Upsample

# Roundings that a bilinear weight and its product may have gone through: docs/rounding.md.
_BILINEAR_PRODUCTS = 8
# Kinds of numbers of which the result's weights are as well.
_OF_THEIR_KIND = (*EXACT, "parts", "one-large")


def cotangent(problem: Problem) -> Array:
    """Return the weights of the result: numbers of the element type, from the problem's seed.

    It is 0 where rounding may carry the number before a relu over its kink: nowhere if the numbers
    are whole, for then nothing is rounded.
    """
    shape = problem.expected[0].shape
    rng = np.random.default_rng((problem.seed, zlib.crc32(repr(shape).encode()), 1))
    values = problem.values if problem.values in _OF_THEIR_KIND else "normal"
    drawn = round_to(draw(values, rng, 0, shape), problem.dtype)
    op = problem.op
    if isinstance(op, Product) and op.activation == "relu" and values not in EXACT:
        z = form_of(problem).before_activation()
        is_at_kink = np.abs(z.value) <= z.error
        drawn[is_at_kink.reshape(shape)] = 0
    return drawn


@lru_cache(maxsize=128)
def gradients(problem: Problem) -> tuple[Known, ...]:
    """Return the gradients of sum(op(*arrays) * cotangent), one for each array."""
    op, weight = problem.op, cotangent(problem)
    if isinstance(op, Pad):
        cropped = tuple((-low, -high) for low, high in op.pads)
        return (Known.exactly(oracle_by_taps.pad(weight, cropped, channels_last=op.channels_last)),)
    if isinstance(op, Upsample):
        return (_upsample_gradient(op, weight, problem.dtype),)
    if isinstance(op, Pool):
        return (_pool_gradient(op, problem, weight),)
    if isinstance(op, Resize):
        return (_resize_gradient(op, problem, weight),)
    form = form_of(problem)
    upstream = form.upstream(weight.reshape(form.before_activation().value.shape))
    return _with_oracle(form.derivatives(upstream), problem)


@lru_cache(maxsize=128)
def gradients_in_parts(problem: Problem, count: int) -> tuple[Known, ...]:
    """Return the same where so many parts of the batch are computed apart and then added up.

    The gradient of the input has rows of its own for each sample, so it is that of one part.
    """
    samples = len(problem.arrays[0])
    if not isinstance(problem.op, Product) or samples < count:
        return gradients(problem)
    of_parts = [_of_rows(problem, slice(one.start, one.stop)) for one in parts_of(samples, count)]
    summed = [
        Known(*bounds.in_parts([(one.value, one.error) for one in listed], problem.dtype))
        for listed in zip(*of_parts, strict=True)
    ]
    return (gradients(problem)[0], *summed)


def _of_rows(problem: Problem, rows: slice) -> tuple[Known, ...]:
    """Return the gradients of the weights by some samples."""
    form = form_of(problem, rows)
    weight = cotangent(problem)[rows].reshape(form.before_activation().value.shape)
    return _with_oracle(form.derivatives(form.upstream(weight)), problem, first=1)


@lru_cache(maxsize=128)
def second_gradients(problem: Problem) -> tuple[Known, ...]:
    """Return the gradients of the squared norm of all `gradients` of an op with weights.

    Let p, q and r be the gradients for input, kernel and bias, and g = cotangent * f'(z). The norm
    changes with x directly by the form's gradient for (g, 2 q), with the kernel by that for
    (2 p, g), with g by h = product(2 p, kernel) + product(x, 2 q) + 2 r, and so with z by
    h * cotangent * f''(z), which goes back as any cotangent of z does.
    """
    form, weight = form_of(problem), cotangent(problem)
    weight = weight.reshape(form.before_activation().value.shape)
    g = form.upstream(weight)
    p, q, r = (one.doubled() for one in form.derivatives(g))
    for_x, for_kernel = form.for_x(g, q), form.for_kernel(p, g)
    for_bias = Known.exactly(np.zeros_like(r.value))
    if form.is_curved:
        h = form.add_bias(form.sum(form.forward(p, form.kernel), form.forward(form.x, q)), r)
        through_z = form.times(h, form.upstream(weight, order=2))
        through_x, through_kernel, for_bias = form.derivatives(through_z)
        for_x, for_kernel = form.sum(for_x, through_x), form.sum(for_kernel, through_kernel)
    return _with_oracle((for_x, for_kernel, for_bias), problem)


def _with_oracle(found: tuple[Known, ...], problem: Problem, first: int = 0) -> tuple[Known, ...]:
    """Return the gradients of the arrays that there are, allowing for the oracle's own rounding.

    first: the place of the first one that is wanted.

    It computes in float64 and errs likewise; every term of the error is at least proportional to
    the unit roundoff.
    """
    share = bounds.unit_roundoff("float64") / bounds.unit_roundoff(problem.dtype)
    pairs = list(zip(found, problem.arrays, strict=False))[first:]  # there may be no bias
    return tuple(
        Known(one.value.reshape(array.shape), (1 + share) * one.error.reshape(array.shape))
        for one, array in pairs
    )


def _upsample_gradient(op: Upsample, weight: Array, dtype: str) -> Known:
    """Each input cell is the sum of the cells that read it, at most 2 factors of them an axis."""

    def back(values: Array) -> Array:
        return oracle_by_taps.upsample_gradient(
            values, op.factors, interpolation=op.interpolation, channels_last=op.channels_last
        )

    is_nearest = op.interpolation == "nearest"
    read = [factor if is_nearest else 2 * factor for factor in op.factors]
    roundings = int(np.prod(read)) - 1 if is_nearest else int(np.prod(read)) + _BILINEAR_PRODUCTS
    return Known(back(weight), _relative(roundings, dtype) * back(np.abs(weight)))


def _pool_gradient(op: Pool, problem: Problem, weight: Array) -> Known:
    """Each cell is the sum over the windows that contain it."""
    x, fields = problem.arrays[0], pool_fields(op)
    windows = [-(-size // stride) for size, stride in zip(op.size, op.strides, strict=True)]
    terms = int(np.prod(windows)) + bounds.DIVISION_ROUNDINGS
    absolute = pool_gradient(x, np.abs(weight), **fields)
    exact = pool_gradient(x, weight, **fields)
    return Known(exact, _relative(terms, problem.dtype) * absolute)


def _resize_gradient(op: Resize, problem: Problem, weight: Array) -> Known:
    """Each cell is the sum over the cells that read it, by their shares."""
    shape = problem.input_shape[1:]
    size = shape[:-1] if op.channels_last else shape[1:]
    fields = {**resize_fields(op), "input_size": size}
    counted = resize_gradient(np.abs(weight), **fields, weighs=False)
    weighed = resize_gradient(np.abs(weight), **fields)
    reads = int(resize_gradient(np.ones_like(weight), **fields, weighs=False).max(initial=0))
    rank = len(size)
    relative = _relative(reads + bounds.resize_roundings(rank), problem.dtype)
    error = relative * weighed
    if op.interpolation == "bilinear":
        error = error + bounds.shares_bound(counted, rank, problem.dtype)
    return Known(resize_gradient(weight, **fields), error)


def _relative(terms: int, dtype: str) -> float:
    """Return the relative error of so many roundings, and of the oracle's own."""
    return sum(bounds.gamma(terms, bounds.unit_roundoff(name)) for name in (dtype, "float64"))
