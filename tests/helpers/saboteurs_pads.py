"""Convolutions that are wrong around the image: infinite weights over pads, long crops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import lowering

from convdispatch.ops import Conv, ConvTranspose, Pad

PADS = ("*-weight-meets-pads-*",)
IMAGE = ("*-weight-meets-image-*",)


@lowering(*PADS, ops=(Conv,))
def pads_left_out_of_infinite_sums(lower, op, signature):
    """Leave out the zeros of pads where a weight over them is infinite or NaN."""
    compute = lower(op, signature)

    def conv(x, kernel, *bias):
        y = compute(x, kernel, *bias)
        is_special = ~np.isfinite(kernel)
        if not is_special.any():
            return y
        bare = replace(op, bias=False, activation="linear")
        met = lower(bare, signature)(np.ones_like(x), is_special.astype(kernel.dtype)) > 0
        return np.where(met, y, compute(x, np.where(is_special, 0, kernel), *bias))

    return conv


@lowering(*PADS, ops=(ConvTranspose,))
def infinite_weights_times_unread_zeros(lower, op, signature):
    """Multiply an infinite weight of a transposed convolution with zeros around the input too."""
    compute = lower(op, signature)

    def conv(x, kernel, *bias):
        y = compute(x, kernel, *bias)
        is_special = ~np.isfinite(kernel)
        if not is_special.any():
            return y
        bare = replace(op, bias=False, activation="linear")
        met = lower(bare, signature)(np.ones_like(x), is_special.astype(kernel.dtype)) > 0
        axes = tuple(range(1, y.ndim - 1)) if op.channels_last else tuple(range(2, y.ndim))
        return np.where(met.any(axes, keepdims=True) & ~met, np.nan, y).astype(y.dtype)

    return conv


@lowering(*IMAGE)
def infinite_weights_made_finite(lower, op, signature):
    """Replace an infinite weight with the largest number: times zero it gives 0, not NaN."""
    compute = lower(op, signature)

    def conv(x, kernel, *bias):
        if not isinstance(kernel, np.ndarray):  # autograd's
            return compute(x, kernel, *bias)
        largest = np.finfo(np.float32 if kernel.dtype.name == "bfloat16" else kernel.dtype).max
        return compute(x, np.clip(kernel, -largest, largest), *bias)

    return conv


@lowering("conv2d/edge/2d-crop-high*", ops=(Conv,))
def crops_of_images_taken_for_left_over(lower, op, signature):
    """Ignore a crop at the end of an image without pads."""
    is_left_alone = all(low == 0 and high <= 0 for low, high in op.pads)
    if len(op.pads) != 2 or op.groups > 1 or max(op.dilation) > 1 or not is_left_alone:
        return lower(op, signature)
    return lower(replace(op, pads=((0, 0), (0, 0))), signature)


@lowering("*-beside-the-image-*")
def image_read_beside_its_pads(lower, op, signature):
    """Read the image where stride 2 and a crop let every tap read only pads."""
    pads = tuple(
        (low - 1, high + 1) if stride == 2 and low > -high > 0 else (low, high)
        for stride, (low, high) in zip(op.strides, op.pads, strict=True)
    )
    return lower(replace(op, pads=pads), signature)


@lowering("*/edge/*-over-pads-*", "*/edge/*huge-dilation*", ops=(Pad,))
def crops_of_both_sides_at_one(lower, op, signature):
    """Crop the cells of both sides from the beginning of an axis."""
    pads = tuple((low + high, 0) if low < 0 and high < 0 else (low, high) for low, high in op.pads)
    return lower(replace(op, pads=pads), signature)


@lowering("*/edge/crop-beyond-*", ops=(Pad,))
def crops_that_end_with_the_image(lower, op, signature):
    """Crop first, and then add zeros: a crop longer than the image takes none of them away."""
    first = 1 if op.channels_last else 2
    kept = [slice(max(-low, 0), min(high, 0) or None) for low, high in op.pads]
    grown = [(max(low, 0), max(high, 0)) for low, high in op.pads]
    compute = lower(op, signature)

    def pad(x):
        if not isinstance(x, np.ndarray):  # autograd's
            return compute(x)
        cropped = x[(*[slice(None)] * first, *kept)]
        return np.pad(cropped, [*[(0, 0)] * first, *grown, *[(0, 0)] * (2 - first)])

    return pad
