"""Ops that lose a special number in one place, or let it reach others."""

from __future__ import annotations

import numpy as np
from sabotage import lowering

from convdispatch.ops import Conv, ConvTranspose, Dense, Pad, Upsample

PRODUCTS = (Conv, ConvTranspose, Dense)
GROUND = ("*/edge/every-*", "*/edge/*")


def _arrays(*tensors):
    return all(isinstance(tensor, np.ndarray) for tensor in tensors)


@lowering(*GROUND, ops=(Pad,))
def pad_loses_the_sign_of_zero(lower, op, signature):
    """Return 0 for -0 from a padding."""
    compute = lower(op, signature)
    return lambda x: compute(x) + x.dtype.type(0) if _arrays(x) else compute(x)


@lowering(*GROUND, ops=(Upsample,))
def copies_lose_the_sign_of_zero(lower, op, signature):
    """Return 0 for -0 from repeated cells."""
    compute = lower(op, signature)
    if op.interpolation != "nearest":
        return compute
    return lambda x: compute(x) + x.dtype.type(0) if _arrays(x) else compute(x)


@lowering(*GROUND, ops=PRODUCTS)
def nan_as_the_second_weight_skipped(lower, op, signature):
    """Multiply with 0 where the second number of a kernel is NaN."""
    compute = lower(op, signature)

    def skipping(x, kernel, *bias):
        if _arrays(kernel) and kernel.size > 3 and np.isnan(kernel.reshape(-1)[1]):
            kernel = kernel.copy()
            kernel.reshape(-1)[1] = 0
        return compute(x, kernel, *bias)

    return skipping


@lowering(*GROUND, ops=PRODUCTS)
def nan_in_the_bias_is_zero(lower, op, signature):
    """Add 0 where the bias is NaN."""
    compute = lower(op, signature)

    def added(x, kernel, bias):
        if _arrays(bias):
            bias = np.where(np.isnan(bias), 0, bias).astype(bias.dtype)
        return compute(x, kernel, bias)

    return added if op.bias else compute


@lowering(*GROUND, ops=PRODUCTS)
def nan_in_the_bias_reaches_all(lower, op, signature):
    """Return NaN in every channel if one number of the bias is NaN."""
    compute = lower(op, signature)

    def spread(x, kernel, bias):
        y = compute(x, kernel, bias)
        return np.full_like(y, np.nan) if _arrays(y, bias) and np.isnan(bias).any() else y

    return spread if op.bias else compute


@lowering(*GROUND, ops=(Dense,))
def zero_matrix_skips_the_product(lower, op, signature):
    """Return zeros, and the bias, for a matrix of zeros, whatever the input holds."""
    compute = lower(op, signature)

    def skipping(x, kernel, *bias):
        is_zero = _arrays(x, kernel) and not kernel.any()
        return compute(np.zeros_like(x) if is_zero else x, kernel, *bias)

    return skipping
