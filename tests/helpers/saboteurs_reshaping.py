"""Padding and upsampling that read the wrong cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import lowering

from convdispatch.ops import Pad, Upsample

PADS, UPSAMPLINGS = ("pad*",), ("upsample*",)
BILINEAR = ("upsample2d*",)


@lowering(*PADS, ops=(Pad,))
def pad_repeats_the_edge(lower, op, signature):
    """Pad with the outermost cells instead of zeros."""
    grow = [(0, 0), *((max(low, 0), max(high, 0)) for low, high in op.pads)]
    grow.insert(len(grow) if op.channels_last else 1, (0, 0))
    crop = lower(replace(op, pads=tuple((min(a, 0), min(b, 0)) for a, b in op.pads)), signature)
    return lambda x: np.pad(crop(x), grow, mode="edge")


@lowering(*PADS, ops=(Pad,))
def pad_reads_axes_backwards(lower, op, signature):
    """Read the pads in reverse order of axes."""
    return lower(replace(op, pads=op.pads[::-1]), signature)


@lowering(*PADS, ops=(Pad,))
def pad_ignores_crops(lower, op, signature):
    """Ignore the crops of a padding."""
    pads = tuple((max(low, 0), max(high, 0)) for low, high in op.pads)
    return lower(replace(op, pads=pads), signature)


@lowering(*PADS, ops=(Pad,))
def pad_swaps_low_and_high(lower, op, signature):
    """Read pads as (high, low)."""
    return lower(replace(op, pads=tuple((high, low) for low, high in op.pads)), signature)


@lowering(*UPSAMPLINGS, ops=(Upsample,))
def upsample_reads_factors_backwards(lower, op, signature):
    """Read the factors in reverse order of axes."""
    return lower(replace(op, factors=op.factors[::-1]), signature)


@lowering(*UPSAMPLINGS, ops=(Upsample,))
def nearest_off_by_half(lower, op, signature):
    """Round a nearest position up where it lies between two cells."""
    return _sampled(lower, op, signature, "nearest", lambda i, n, f: (i + f // 2) / f)


@lowering(*BILINEAR, ops=(Upsample,))
def bilinear_aligns_corners(lower, op, signature):
    """Stretch a bilinear grid so that the outermost cells keep their places."""
    return _sampled(
        lower, op, signature, "bilinear", lambda i, n, f: i * (n - 1) / (n * f - 1 or 1)
    )


@lowering(*BILINEAR, ops=(Upsample,))
def bilinear_grid_of_old(lower, op, signature):
    """Sample a bilinear grid at i / factor, as TensorFlow 1 did."""
    return _sampled(lower, op, signature, "bilinear", lambda i, n, f: i / f)


@lowering(*BILINEAR, ops=(Upsample,))
def bilinear_as_nearest(lower, op, signature):
    """Repeat cells instead of mixing them where channels come first."""
    nearest = op.interpolation == "bilinear" and not op.channels_last
    return lower(replace(op, interpolation="nearest") if nearest else op, signature)


@lowering(*BILINEAR, ops=(Upsample,))
def bilinear_fades_at_the_border(lower, op, signature):
    """Mix the outermost cells of bilinear upsampling with zeros."""
    if op.interpolation != "bilinear":
        return lower(op, signature)
    rows = (slice(None), [0]) if op.channels_last else (slice(None), slice(None), [0])
    compute = lower(op, signature)

    def faded(x):
        y = compute(x)
        first = y[rows] * (0.5 if op.factors[0] > 1 else 1)
        rest = y[(*rows[:-1], slice(1, None))]
        return np.concatenate([first, rest], axis=len(rows) - 1).astype(x.dtype)

    return faded


def _sampled(lower, op, signature, interpolation, position):
    """Return the lowering of upsampling that samples at `position(cell, size, factor)`."""
    if op.interpolation != interpolation:
        return lower(op, signature)

    def compute(x):
        y = x.astype("f8")
        for axis, factor in enumerate(op.factors, 1 if op.channels_last else 2):
            size = y.shape[axis]
            places = position(np.arange(size * factor), size, factor).clip(0, size - 1)
            below = np.floor(places).astype(int)
            share = (places - below) * (interpolation == "bilinear")
            share = share.reshape([-1 if a == axis else 1 for a in range(y.ndim)])
            above = (below + 1).clip(0, size - 1)
            y = y.take(below, axis) * (1 - share) + y.take(above, axis) * share
        return y.astype(x.dtype)

    return compute
