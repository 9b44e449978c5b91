"""Ops that are right about 1, and wrong for large, small or very different numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import honest, lowering
from saboteurs_geometry import taps
from saboteurs_gradients import tampered

from convdispatch.ops import Conv, ConvTranspose, Dense, Pool, Upsample

PRODUCTS = (Conv, ConvTranspose, Dense)
ONCE, SIZED = ("*/dtype/once-*", "*/dtype/*"), ("*/edge/sized-*", "*/edge/*")
BESIDE = ("*/full/beside-*", "*/grad/beside-*", "*/full/*")
_F = honest.functions


def _arrays(*tensors):
    return all(isinstance(tensor, np.ndarray) for tensor in tensors)


def _after(lower, op, signature, dtype, change):
    """Return the function whose result goes through `change(result)`, in this element type."""
    compute = lower(op, signature)
    if signature.dtype != dtype:
        return compute

    def changed(*tensors):
        y = compute(*tensors)
        if not _arrays(y):
            return y
        with np.errstate(all="ignore"):
            return change(y).astype(tensors[0].dtype)

    return changed


@lowering(*ONCE, ops=PRODUCTS)
def float16_rounded_before_the_bias(lower, op, signature):
    """Round a float16 product before the bias is added, and again."""
    whole = lower(op, signature)
    if signature.dtype != "float16" or not op.bias:
        return whole
    plain = replace(op, bias=False, activation="linear")
    product = lower(plain, replace(signature, weight_shapes=signature.weight_shapes[:1]))
    is_last = isinstance(op, Dense) or op.channels_last

    def rounded(x, kernel, bias):
        if not _arrays(x, kernel, bias):
            return whole(x, kernel, bias)
        y = product(x, kernel)
        row = bias if is_last else bias.reshape(-1, *[1] * (y.ndim - 2))
        return _F[op.activation]((y + row).astype(y.dtype))

    return rounded


@lowering(*ONCE, ops=PRODUCTS)
def half_rounded_before_the_activation(lower, op, signature):
    """Round half precision before a sigmoid or tanh is applied."""
    whole = lower(op, signature)
    if signature.dtype not in ("float16", "bfloat16") or op.activation not in ("sigmoid", "tanh"):
        return whole
    linear = lower(replace(op, activation="linear"), signature)
    return lambda *t: _F[op.activation](linear(*t)) if _arrays(*t) else whole(*t)


@lowering(*ONCE, ops=PRODUCTS)
def bfloat16_results_through_float16(lower, op, signature):
    """Round bfloat16 results to float16 first."""
    return _after(lower, op, signature, "bfloat16", lambda y: y.astype("f2"))


@lowering(*ONCE, ops=PRODUCTS)
def bfloat16_results_cut_off(lower, op, signature):
    """Cut off the lower half of a float32 result instead of rounding to bfloat16."""
    whole = lower(op, signature)
    if signature.dtype != "bfloat16":
        return whole
    wide = lower(op, replace(signature, dtype="float32"))

    def cut(*tensors):
        if not _arrays(*tensors):
            return whole(*tensors)
        y = np.ascontiguousarray(wide(*(tensor.astype("f4") for tensor in tensors)))
        return (y.view("u4") & np.uint32(0xFFFF0000)).view("f4").astype(tensors[0].dtype)

    return cut


@lowering(*ONCE, ops=(Conv,))
def float16_products_overflow(lower, op, signature):
    """Compute the products of a float16 convolution in float16, where they overflow."""
    compute = lower(op, signature)
    if signature.dtype != "float16":
        return compute

    def computed(x, kernel, *bias):
        y = compute(x, kernel, *bias)
        if not _arrays(y) or not (np.isfinite(x).all() and np.isfinite(kernel).all()):
            return y
        largest = np.abs(x).max(initial=0).astype("f4") * np.abs(kernel).max(initial=0).astype("f4")
        return np.full_like(y, np.inf) if largest > 65519 else y

    return computed


@lowering(*ONCE, ops=(Upsample,))
def bilinear_rounded_between_axes(lower, op, signature):
    """Round float16 to float16 between the axes of a bilinear image."""
    whole = lower(op, signature)
    if signature.dtype != "float16" or op.interpolation != "bilinear":
        return whole
    rows, columns = op.factors
    size = list(signature.input_shape)
    size[0 if op.channels_last else 1] *= rows
    first = lower(replace(op, factors=(rows, 1)), signature)
    second = lower(replace(op, factors=(1, columns)), replace(signature, input_shape=tuple(size)))
    return lambda x: second(first(x)) if _arrays(x) else whole(x)


@lowering(*SIZED, ops=(Pool,))
def average_of_a_rounded_sum(lower, op, signature):
    """Round the sum of a float16 average to float16 before it is divided."""
    whole = lower(op, signature)
    if signature.dtype != "float16" or op.kind != "average" or op.counts_pads:
        return whole
    total = lower(replace(op, kind="sum"), signature)

    def average(x):
        cells = total(np.ones_like(x)) if _arrays(x) else None
        return whole(x) if cells is None else (total(x) / cells).astype("f2")

    return average


@lowering(*SIZED, ops=PRODUCTS)
def float32_subnormals_flushed(lower, op, signature):
    """Return 0 for float32 results below the smallest normal number without declaring it."""
    return _after(lower, op, signature, "float32", lambda y: np.where(np.abs(y) < 2.0**-126, 0, y))


@lowering(*SIZED, ops=PRODUCTS)
def large_results_infinite(lower, op, signature):
    """Return infinity for float32 results above 1e30."""
    return _after(
        lower, op, signature, "float32", lambda y: np.where(np.abs(y) > 1e30, np.inf * y, y)
    )


@lowering(*SIZED, ops=(Conv, ConvTranspose))
def small_results_zero(lower, op, signature):
    """Return 0 for float64 results below 1e-250."""
    return _after(lower, op, signature, "float64", lambda y: np.where(np.abs(y) < 1e-250, 0, y))


@lowering("*/edge/*-everywhere-*", "*/edge/*", ops=PRODUCTS)
def fused_sigmoid_clipped(lower, op, signature):
    """Clip a fused sigmoid to Keras's epsilon."""
    compute = lower(op, signature)
    if op.activation != "sigmoid" or signature.dtype != "float32":
        return compute
    return lambda *t: np.clip(compute(*t), 1e-7, 1 - 1e-7) if _arrays(*t) else compute(*t)


@lowering("*/edge/*-everywhere-*", "*/edge/*", ops=PRODUCTS)
def fused_tanh_ends_near_zero(lower, op, signature):
    """Return 0 for a fused float32 tanh of less than a millionth."""
    if op.activation != "tanh":
        return lower(op, signature)
    return _after(lower, op, signature, "float32", lambda y: np.where(np.abs(y) < 1e-6, 0, y))


def _off(y, x, axes=None):
    """Return the numbers of y, off by less than a rounding of the largest of x; zeros stay."""
    largest = np.abs(x).max(axes, keepdims=axes is not None, initial=0)
    error = np.float32(2**-28) * np.where(np.isfinite(largest), largest, 0).astype("f4")
    return np.where(y == 0, y, y + error).astype(y.dtype)


def _transformed(compute):
    """Return the function with errors of the size of a sample's largest number."""

    def computed(x, *weights):
        y = compute(x, *weights)
        return _off(y, x, tuple(range(1, x.ndim))) if _arrays(x, y) else y

    return computed


@lowering(*BESIDE, ops=(Conv,))
def many_taps_transformed(lower, op, signature):
    """Compute nine taps and more of a plane with stride 1 in float32 by a transform."""
    compute = lower(op, signature)
    chosen = signature.dtype == "float32" and np.prod(taps(signature)) >= 9
    return _transformed(compute) if chosen and op.strides == (1, 1) else compute


@lowering(*BESIDE, ops=(ConvTranspose,))
def long_rows_transformed(lower, op, signature):
    """Compute a transposed convolution of more than 16 float32 rows or columns by a transform."""
    compute = lower(op, signature)
    is_plane = signature.dtype == "float32" and len(op.strides) == 2
    chosen = is_plane and max(signature.input_shape) > 16
    return _transformed(compute) if chosen else compute


@lowering("*_pool*/full/*", ops=(Pool,))
def pooled_by_running_sums(lower, op, signature):
    """Compute sums and averages of float32 windows as differences of running sums."""
    compute = lower(op, signature)
    if signature.dtype != "float32" or op.kind == "max":
        return compute
    axes = tuple(range(1, len(op.size) + 1)) if op.channels_last else None

    def computed(x):
        y = compute(x)
        spatial = axes or tuple(range(2, x.ndim))
        return _off(y, x, spatial) if _arrays(x) else y

    return computed


@lowering("conv?d/grad/*", ops=(Conv,))
def kernel_gradient_transformed(lower, op, signature):
    """Have errors of the size of its largest number in a float32 kernel's gradient."""
    compute = lower(op, signature)
    if signature.dtype != "float32" or np.prod(taps(signature)) < 5:
        return compute

    def change(g):
        return _off(g, g) if _arrays(g) else g

    return lambda x, kernel, *bias: compute(x, tampered(kernel, change), *bias)
