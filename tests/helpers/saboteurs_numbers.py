"""Convolutions that are inexact beyond the rounding bound, or mistreat special values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import honest, lowering
from saboteurs_geometry import taps

from convdispatch.ops import Conv
from convdispatch_numpy._lowering import FUNCTIONS

HALF = ("float16", "bfloat16")
DTYPES = ("*/dtype/*", "*/full/*", "*/core/*")
LONG_SUMS = ("*/dtype/*long*16*",)
SPECIAL = ("*/edge/*",)


@lowering(*DTYPES)
def float64_computed_in_float32(lower, op, signature):
    """Compute float64 in float32."""
    compute = lower(op, signature)
    if signature.dtype != "float64":
        return compute
    return lambda *tensors: compute(*(t.astype("f4") for t in tensors)).astype("f8")


@lowering(*DTYPES)
def float64_kernel_kept_in_float32(lower, op, signature):
    """Keep the kernel of a float64 convolution in float32."""
    compute = lower(op, signature)
    if signature.dtype != "float64":
        return compute
    return lambda x, k, *bias: compute(x, k.astype("f4").astype("f8"), *bias)


@lowering(*LONG_SUMS, ops=(Conv,))
def float16_accumulated_in_float16(lower, op, signature):
    """Round to float16 after each channel and tap of a sum."""
    return _accumulated_in_itself(lower, op, signature, "float16")


@lowering(*LONG_SUMS, ops=(Conv,))
def bfloat16_accumulated_in_bfloat16(lower, op, signature):
    """Round to bfloat16 after each channel and tap of a sum."""
    return _accumulated_in_itself(lower, op, signature, "bfloat16")


@lowering(*DTYPES, ops=(Conv,))
def float32_inputs_kept_to_ten_bits(lower, op, signature):
    """Round float32 factors to TF32 without declaring it."""
    compute = lower(op, signature)
    if signature.dtype != "float32":
        return compute

    def rounded(t):
        large = t * np.float32(2**13 + 1)
        return large - (large - t)

    return lambda x, k, *bias: compute(rounded(x), rounded(k), *bias)


@lowering("conv2d/*three-by-three*", "conv2d/*long*", ops=(Conv,))
def three_by_three_kernels_inexact(lower, op, signature):
    """Have an error of a thousandth for 3x3 kernels of stride 1, as Winograd's method may."""
    compute = lower(op, signature)
    if taps(signature) != (3, 3) or max(op.strides) > 1:
        return compute
    return lambda *tensors: compute(*tensors) * np.float32(1.001).astype(signature.dtype)


@lowering("*")
def errors_relative_to_the_largest(lower, op, signature):
    """Have errors as large as a rounding of the sample's largest number, as an FFT does."""
    compute = lower(op, signature)
    if signature.dtype != "float32":
        return compute

    def transformed(x, *weights):
        y = compute(x, *weights)
        largest = abs(x).max(tuple(range(1, x.ndim)), keepdims=True)
        return y + np.float32(2**-26) * largest

    return transformed


@lowering(*DTYPES)
def float16_gives_float32(lower, op, signature):
    """Return float32 for float16."""
    return _cast_result(lower, op, signature, "float16", "f4")


@lowering(*DTYPES)
def bfloat16_gives_float32(lower, op, signature):
    """Return float32 for bfloat16."""
    return _cast_result(lower, op, signature, "bfloat16", "f4")


@lowering(*DTYPES)
def float32_activated_in_float64(lower, op, signature):
    """Return float64 where a float32 sum is activated by sigmoid or tanh."""
    if op.activation not in ("sigmoid", "tanh"):
        return lower(op, signature)
    return _cast_result(lower, op, signature, "float32", "f8")


@lowering("*/edge/*", "*/dtype/*")
def float16_overflow_clipped(lower, op, signature):
    """Return the largest float16 number instead of infinity."""
    compute = lower(op, signature)
    if signature.dtype != "float16":
        return compute
    return lambda *tensors: compute(*tensors).clip(-65504, 65504)


@lowering(*SPECIAL)
def nan_swallowed_by_padding(lower, op, signature):
    """Treat NaN as 0 where the op pads."""
    compute = lower(op, signature)
    if max(map(max, op.pads)) <= 0:
        return compute
    return lambda x, *weights: compute(FUNCTIONS["where"](x == x, x, 0), *weights)


@lowering(*SPECIAL, ops=(Conv,))
def nan_crosses_groups(lower, op, signature):
    """Compute groups by a dense kernel with zeros: 0 * NaN reaches the other groups."""
    compute = lower(op, signature)
    if op.groups == 1:
        return compute
    *size, per_group, filters = signature.weight_shapes[0]
    shape = (*size, per_group * op.groups, filters)
    shapes = (shape, *signature.weight_shapes[1:])
    dense = lower(replace(op, groups=1), replace(signature, weight_shapes=shapes))

    def computed(x, kernel, *bias):
        if not isinstance(x, np.ndarray) or not isinstance(kernel, np.ndarray):
            return compute(x, kernel, *bias)
        whole = np.zeros(shape, kernel.dtype)
        for group in range(op.groups):
            read = slice(group * per_group, (group + 1) * per_group)
            write = slice(*(filters // op.groups * np.array([group, group + 1])))
            whole[..., read, write] = kernel[..., write]
        return dense(x, whole, *bias)

    return computed


@lowering(*SPECIAL)
def nan_reaches_the_whole_sample(lower, op, signature):
    """Let one NaN or infinity reach every cell of its sample, as a transform does."""
    compute = lower(op, signature)

    def transformed(x, *weights):
        y = compute(x, *weights)
        if not isinstance(y, np.ndarray) or np.isfinite(x).all():
            return y
        spoilt = ~np.isfinite(x).reshape(len(x), -1).all(1)
        y[spoilt] = np.nan
        return y

    return transformed


@lowering(*SPECIAL)
def nan_reaches_the_next_sample(lower, op, signature):
    """Let one NaN reach every cell of the sample after its own."""
    compute = lower(op, signature)

    def leaking(x, *weights):
        y = compute(x, *weights)
        if not isinstance(y, np.ndarray) or np.isfinite(x).all():
            return y
        spoilt = ~np.isfinite(x).reshape(len(x), -1).all(1)
        y[np.roll(spoilt, 1)] = np.nan
        return y

    return leaking


@lowering(*SPECIAL, ops=(Conv,))
def nan_read_between_placements(lower, op, signature):
    """Add zero times the cells between placements to every result, which spreads NaN."""
    compute = lower(op, signature)
    if max(op.strides) == 1:
        return compute

    def leaking(x, *weights):
        y = compute(x, *weights)
        return y + (0 * x[:, -1:].sum()).astype(y.dtype) if isinstance(y, np.ndarray) else y

    return leaking


@lowering(*SPECIAL)
def infinity_clipped(lower, op, signature):
    """Replace infinity with the largest number."""
    compute = lower(op, signature)
    if signature.dtype in HALF:
        return compute
    largest = float(np.finfo(signature.dtype).max)
    return lambda x, *weights: compute(_clipped(x, largest), *weights)


@lowering(*SPECIAL)
def fused_relu_swallows_nan(lower, op, signature):
    """Return 0 for NaN from a fused relu."""
    compute = lower(op, signature)
    if op.activation != "relu":
        return compute

    def zeroed(*tensors):
        y = compute(*tensors)
        return FUNCTIONS["where"](y == y, y, 0)

    return zeroed


@lowering(*SPECIAL)
def fused_sigmoid_overflows(lower, op, signature):
    """Compute a fused sigmoid as exp(x) / (1 + exp(x))."""
    if op.activation != "sigmoid":
        return lower(op, signature)
    linear = lower(replace(op, activation="linear"), signature)

    def naive(*tensors):
        with np.errstate(all="ignore"):
            grown = FUNCTIONS["exp"](linear(*tensors))
            return (grown / (1 + grown)).astype(signature.dtype)

    return naive


@lowering("conv*")
def fused_tanh_approximated(lower, op, signature):
    """Compute a fused tanh by x (27 + x**2) / (27 + 9 x**2), clipped."""
    if op.activation != "tanh":
        return lower(op, signature)
    linear = lower(replace(op, activation="linear"), signature)

    def rational(*tensors):
        x = _clipped(linear(*tensors), 3.0)
        return x * (27 + x * x) / (27 + 9 * x * x)

    return rational


def _accumulated_in_itself(lower, op, signature, dtype):
    if signature.dtype != dtype or op.groups > 1:
        return lower(op, signature)
    size, channels, filters = taps(signature), *signature.weight_shapes[0][-2:]
    cells = signature.input_shape[:-1] if op.channels_last else signature.input_shape[1:]
    one = replace(
        signature,
        input_shape=(*cells, 1) if op.channels_last else (1, *cells),
        weight_shapes=((*size, 1, filters),),
        dtype="float32",  # only says: do not compute in a wider type
    )
    compute = lower(replace(op, bias=False, activation="linear"), one)
    shape = (-1,) if op.channels_last else (-1, *[1] * len(op.pads))

    def accumulated(x, kernel, *bias):
        y = 0
        for c in range(channels):
            part = x[..., c : c + 1] if op.channels_last else x[:, c : c + 1]
            y = compute(part, kernel[..., c : c + 1, :]) + y
        return FUNCTIONS[op.activation](y + bias[0].reshape(shape) if bias else y)

    return accumulated


def _cast_result(lower, op, signature, dtype, wider):
    compute = lower(op, signature)
    if signature.dtype != dtype:
        return compute
    return lambda *tensors: compute(*tensors).astype(wider)


def _clipped(x, largest):
    return honest.functions["maximum"](honest.functions["minimum"](x, largest), -largest)
