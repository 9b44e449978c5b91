"""Resampling at wrong places or with wrong shares, and wrong products with a matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import honest, lowering
from saboteurs_gradients import tampered

from convdispatch import kit
from convdispatch.ops import Dense, Resize
from convdispatch_numpy._autograd import differentiable

RESIZED, DENSE = ("resize*",), ("dense*",)


def resampling(*ground):
    """Enter a function that lowers resamplings."""
    return lowering(*ground, ops=(Resize,))


def dense(*ground):
    """Enter a function that lowers products with a matrix."""
    return lowering(*ground, ops=(Dense,))


def _sampled(op, signature, change):
    """Return the resampling by grids that `change(below, above, share, n)` gives for each axis."""
    grids = kit.samples(op, signature)
    size = kit.spatial_size(op, signature)
    new = [change(g.below, g.above, g.share, n) for g, n in zip(grids, size, strict=True)]

    def compute(x):
        y = x.astype("f8")
        for axis, (below, above, share) in zip(kit.spatial_axes(op), new, strict=True):
            share = share.reshape([-1 if a == axis else 1 for a in range(y.ndim)])
            y = y.take(below, axis) * (1 - share) + y.take(above, axis) * share
        return y.astype(x.dtype)

    return compute


@resampling(*RESIZED)
def nearest_takes_the_cell_below(lower, op, signature):
    """Take the cell below each position for the nearest one."""
    if op.interpolation != "nearest" or op.coordinates == "asymmetric":
        return lower(op, signature)
    linear = replace(op, interpolation="bilinear")
    return _sampled(linear, signature, lambda below, above, share, n: (below, below, 0 * share))


@resampling(*RESIZED)
def nearest_takes_the_lower_of_two(lower, op, signature):
    """Take the lower of two equally near cells."""
    if op.interpolation != "nearest" or op.coordinates == "asymmetric":
        return lower(op, signature)
    linear = replace(op, interpolation="bilinear")

    def change(below, above, share, n):
        return np.where(share > 0.5, above, below), below, 0 * share

    return _sampled(linear, signature, change)


@resampling(*RESIZED)
def asymmetric_nearest_rounds(lower, op, signature):
    """Take the cell nearest to an asymmetric position instead of the one below it."""
    if op.interpolation != "nearest" or op.coordinates != "asymmetric":
        return lower(op, signature)
    linear = replace(op, interpolation="bilinear")

    def change(below, above, share, n):
        return np.where(share >= 0.5, above, below), below, 0 * share

    return _sampled(linear, signature, change)


@resampling(*RESIZED)
def corners_taken_for_half_pixels(lower, op, signature):
    """Use half-pixel positions where corners should keep their places."""
    other = "half_pixel" if op.coordinates == "corners" else op.coordinates
    return lower(replace(op, coordinates=other), signature)


@resampling(*RESIZED)
def half_pixels_taken_for_asymmetric(lower, op, signature):
    """Sample a half-pixel grid at i * m / n, as TensorFlow 1 did."""
    other = "asymmetric" if op.coordinates == "half_pixel" else op.coordinates
    return lower(replace(op, coordinates=other), signature)


@resampling(*RESIZED)
def one_corner_is_in_the_middle(lower, op, signature):
    """Sample the middle of an axis that shrinks to one cell, where corners keep their place."""
    is_one = op.coordinates == "corners" and min(op.output_size) == 1
    return lower(replace(op, coordinates="half_pixel") if is_one else op, signature)


@resampling(*RESIZED)
def border_wraps_around(lower, op, signature):
    """Mix the last cell with the first one beyond the border."""
    if op.interpolation != "bilinear":
        return lower(op, signature)
    return _sampled(op, signature, lambda below, above, share, n: (below, (below + 1) % n, share))


@resampling(*RESIZED)
def border_fades(lower, op, signature):
    """Multiply the outermost cells of a bilinear result by their share and add nothing."""
    if op.interpolation != "bilinear" or op.coordinates != "half_pixel":
        return lower(op, signature)
    compute = lower(op, signature)
    first = (slice(None), 0) if op.channels_last else (slice(None), slice(None), 0)

    def faded(x):
        y = np.array(compute(x))
        y[first] = y[first] * 0.75
        return y

    return faded


@resampling(*RESIZED)
def shares_in_half_precision(lower, op, signature):
    """Round the shares of a bilinear result to float16."""
    if op.interpolation != "bilinear":
        return lower(op, signature)
    return _sampled(
        op,
        signature,
        lambda below, above, share, n: (below, above, share.astype("f2").astype("f8")),
    )


@resampling(*RESIZED)
def bilinear_resize_as_nearest(lower, op, signature):
    """Take the nearest cell instead of mixing cells along three axes."""
    is_wrong = len(op.output_size) == 3
    return lower(replace(op, interpolation="nearest") if is_wrong else op, signature)


@resampling(*RESIZED)
def only_the_last_axis_mixed(lower, op, signature):
    """Mix cells along the last axis only, and take the cell below on the others."""
    if op.interpolation != "bilinear" or len(op.output_size) == 1:
        return lower(op, signature)
    shape = kit.spatial_size(op, signature)
    seen = []

    def change(below, above, share, n):
        seen.append(n)
        return below, above, share * (len(seen) == len(shape))

    return _sampled(op, signature, change)


@resampling("resize*/grad/*")
def gradient_of_nearest_resize_averaged(lower, op, signature):
    """Average the gradients of a cell's copies instead of adding them."""
    compute, size = lower(op, signature), kit.spatial_size(op, signature)
    copies = max(np.prod(op.output_size) // np.prod(size), 1)
    if op.interpolation != "nearest":
        return compute
    return lambda x: compute(tampered(x, lambda g: g / copies))


@resampling("resize*/grad/*")
def gradient_of_bilinear_resize_as_nearest(lower, op, signature):
    """Differentiate bilinear resampling as if it copied cells."""
    compute = lower(op, signature)
    if op.interpolation != "bilinear":
        return compute
    nearest = lower(replace(op, interpolation="nearest"), signature)
    mixed = differentiable(
        lambda y, z: y.copy(),
        lambda answer, y, z: lambda g: 0 * g,
        lambda answer, y, z: lambda g: g,
    )
    return lambda x: mixed(compute(x), nearest(x))


@resampling("resize*/grad/*")
def second_derivative_of_resampling_doubled(lower, op, signature):
    """Return twice the derivative of a resampling's gradient."""
    compute = lower(op, signature)
    return lambda x: compute(tampered(x, lambda g: tampered(g, lambda h: 2 * h)))


@dense(*DENSE)
def dense_kernel_transposed_where_square(lower, op, signature):
    """Transpose a square matrix."""
    compute = lower(op, signature)
    shape = signature.weight_shapes[0]
    if shape[0] != shape[1] or shape[0] == 1:
        return compute
    return lambda x, kernel, *bias: compute(x, kernel.T, *bias)


@dense(*DENSE)
def dense_bias_after_the_activation(lower, op, signature):
    """Apply the activation of a product before the bias is added."""
    compute = lower(replace(op, bias=False), signature)
    return lambda x, kernel, *bias: sum(bias, start=compute(x, kernel)).astype(x.dtype)


@dense(*DENSE)
def dense_bias_of_matrices_alone(lower, op, signature):
    """Drop the bias where the input has more than two axes."""
    if len(signature.input_shape) < 2:
        return lower(op, signature)
    compute = lower(replace(op, bias=False), signature)
    return lambda x, kernel, *bias: compute(x, kernel)


@dense(*DENSE)
def dense_rows_read_backwards(lower, op, signature):
    """Multiply the rows of a sample in reverse order."""
    if len(signature.input_shape) < 2:
        return lower(op, signature)
    compute = lower(op, signature)
    return lambda x, *weights: compute(x[:, ::-1], *weights)


@dense(*DENSE)
def dense_summed_in_half_precision(lower, op, signature):
    """Sum products of half precision in half precision."""
    if signature.dtype not in ("float16", "bfloat16"):
        return lower(op, signature)
    activate = honest.functions[op.activation]

    def compute(x, kernel, *bias):
        y = np.zeros((*x.shape[:-1], kernel.shape[1]), x.dtype)
        for i in range(x.shape[-1]):
            y = (y + x[..., i : i + 1] * kernel[i]).astype(x.dtype)
        return activate(sum(bias, start=y)).astype(x.dtype)

    return compute


@dense("dense*/grad/*")
def dense_kernel_gradient_averaged(lower, op, signature):
    """Average a matrix's gradient over the samples instead of adding it up."""
    compute = lower(op, signature)

    def product(x, kernel, *bias):
        return compute(x, tampered(kernel, lambda g: g / len(x)), *bias)

    return product


@dense("dense*/grad/*")
def dense_bias_gradient_halved(lower, op, signature):
    """Halve the gradient of a bias where the input has more than two axes."""
    compute = lower(op, signature)
    if not op.bias or len(signature.input_shape) < 2:
        return compute
    return lambda x, kernel, bias: compute(x, kernel, tampered(bias, lambda g: g / 2))


@dense(*DENSE)
def nan_times_zero_left_out(lower, op, signature):
    """Treat NaN in the input of a product as zero."""
    compute = lower(op, signature)
    return lambda x, *weights: (
        compute(np.where(np.isnan(x), 0, x).astype(x.dtype), *weights)
        if isinstance(x, np.ndarray)
        else compute(x, *weights)
    )
