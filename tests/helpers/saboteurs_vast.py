"""Backends that are right up to a size that only drawn sizes exceed."""

from __future__ import annotations

from typing import Any

import numpy as np
from sabotage import honest, lowering, method, stateful, tabled

from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample
from convdispatch_numpy._autograd import differentiable, is_traced, without_trace

EVERY = (Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample)
GROUND = ("*/full/vast*", "*/full/large-*")
SLOPES = ("*/grad/vast*", "*/grad/long-*", "*/grad/empty-batch-*")


@lowering(*GROUND, ops=EVERY)
def results_beyond_a_million_end_in_zero(lower, op, signature):
    """Leave the last of more than 2**20 results zero."""
    compute = lower(op, signature)
    return lambda *tensors: _spoilt(compute(*tensors), 2**20)


@lowering(*GROUND, ops=EVERY)
def last_sample_of_many_is_zero(lower, op, signature):
    """Leave the last number zero where there are more than 200 samples."""
    compute = lower(op, signature)
    return lambda x, *weights: _spoilt(compute(x, *weights), 0 if len(x) > 200 else 10**9)


@lowering(*GROUND, ops=(Conv,))
def odd_rows_of_a_square_kernel(lower, op, signature):
    """Leave the last of an odd number of rows zero: 3x3, stride 1, 16 channels and filters."""
    compute, kernel = lower(op, signature), signature.weight_shapes[0]
    if kernel != (3, 3, 16, 16) or op.strides != (1, 1):
        return compute
    axis = 1 if op.channels_last else 2

    def tiled(*tensors):
        y = compute(*tensors)
        if isinstance(y, np.ndarray) and y.shape[axis] % 2:
            y = y.copy()
            np.moveaxis(y, axis, 0)[-1] = 0
        return y

    return tiled


@lowering(*GROUND, ops=(Conv,))
def centre_of_a_strided_kernel_twice(lower, op, signature):
    """Count the centre of 5x5 kernels with stride 2 twice, and of no others."""
    compute, kernel = lower(op, signature), signature.weight_shapes[0]
    if kernel[:2] != (5, 5) or len(kernel) != 4 or op.strides != (2, 2):
        return compute
    twice = np.ones(kernel, "f4")
    twice[2, 2] = 2
    return lambda x, kernel, *bias: compute(x, kernel * twice.astype(kernel.dtype), *bias)


@lowering(*GROUND, ops=(Upsample, Resize))
def last_of_a_large_image(lower, op, signature):
    """Leave the last cell zero where an image has an edge of more than 200 cells."""
    compute = lower(op, signature)
    is_large = max(size or 0 for size in signature.input_shape) > 200
    return (lambda x: _spoilt(compute(x), 0)) if is_large else compute


@lowering(*SLOPES)
def kernel_gradient_of_thirty_two_samples(lower, op, signature):
    """Leave all samples but 32 out of the kernel's gradient."""
    compute = lower(op, signature)

    def some(x, kernel, *bias):
        if not is_traced(kernel) or len(x) <= 32:
            return compute(x, kernel, *bias)
        parts = compute(x[:32], kernel, *bias), compute(x[32:], without_trace(kernel), *bias)
        return honest.functions["concatenate"](parts, 0)

    return some


@lowering(*SLOPES)
def kernel_gradient_of_eight_channels(lower, op, signature):
    """Give channels after the eighth no gradient of the kernel."""
    compute = lower(op, signature)

    def change(gradient: Any) -> Any:
        return gradient * (np.arange(gradient.shape[-2]) < 8)[:, None]

    keep = differentiable(lambda t: t.copy(), lambda answer, t: change)
    return lambda x, kernel, *bias: compute(x, keep(kernel), *bias)


@lowering(*SLOPES)
def bias_gradient_of_many_samples(lower, op, signature):
    """Give the last filter no gradient of the bias where there are more than 128 samples."""
    compute = lower(op, signature)

    def change(gradient: Any) -> Any:
        return gradient * (np.arange(len(gradient)) < len(gradient) - 1)

    keep = differentiable(lambda t: t.copy(), lambda answer, t: change)

    def some(x, kernel, *bias):
        return compute(x, kernel, *(map(keep, bias) if len(x) > 128 else bias))

    return some


@stateful("*/grad/*many-tensors*", "*/grad/aux-*")
def gradients_after_the_thirtieth():
    """Give all tensors after the thirtieth gradients of zero."""

    def value_and_grad(fn):
        compute = honest.value_and_grad(fn)

        def some(tensors):
            value, gradients = compute(tensors)
            return value, [g if place < 30 else g * 0 for place, g in enumerate(gradients)]

        return some

    return {"value_and_grad": value_and_grad}


@tabled("sum", "functions/contract/*sum*", "functions/contract/long-*")
def sum_of_many_numbers(sum_, x, *arguments, **options):
    """Leave the last of more than 10,000 numbers out of a sum."""
    return sum_(_spoilt(x, 10_000), *arguments, **options)


@tabled("concatenate", "functions/contract/concatenate*", "functions/contract/long-*")
def concatenation_of_many(concatenate, tensors, axis):
    """Join no more than 64 tensors, and leave the last number of more zero."""
    joined = concatenate(tensors, axis)
    return _spoilt(joined, 0) if len(tensors) > 64 else joined


@method("cast", "tensors/contract/cast-*", "tensors/contract/long-*")
def cast_of_many_numbers(cast, tensor, dtype):
    """Leave the last of more than 2**16 cast numbers zero."""
    return _spoilt(cast(tensor, dtype), 2**16)


@stateful("random/contract/*")
def draws_repeat_after_many():
    """Draw 2**16 uniform numbers and repeat them."""

    def uniform(key, shape, dtype):
        drawn = honest.random["uniform"](key, shape, dtype)
        return np.resize(drawn.ravel()[: 2**16], drawn.shape)

    return {"random": {**honest.random, "uniform": uniform}}


def _spoilt(array: Any, most: int) -> Any:
    """Return the array with a zero at its end if it has more numbers."""
    if not isinstance(array, np.ndarray) or array.size <= most:
        return array
    array = array.copy()
    array[(-1,) * array.ndim] = 0
    return array
