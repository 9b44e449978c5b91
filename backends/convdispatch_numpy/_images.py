"""Padding, pooling and repeating, one axis after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch import kit
from convdispatch.ops import Pad, Pool, Signature, Upsample
from convdispatch_numpy._autograd import Function, differentiable
from convdispatch_numpy._functions import FUNCTIONS

Array = npt.NDArray[Any]


def padding(op: Pad) -> Callable[[Any], Any]:
    """Return the function that adds zeros, and then crops; autograd may trace it."""
    first = kit.first_spatial_axis(op)
    pads = [*[(0, 0)] * first, *op.pads, *[(0, 0)] * (2 - first)]
    grown = [(max(low, 0), max(high, 0)) for low, high in pads]
    # A stop of -0 would leave nothing.
    kept = tuple(slice(max(-low, 0), min(high, 0) or None) for low, high in pads)
    pad = FUNCTIONS["pad"]
    if any(map(any, grown)):  # a crop may be longer than the image and reach into the zeros
        return lambda x: pad(x, grown)[kept]
    return lambda x: pad(x[kept], grown)  # a copy of these cells alone


def pooling(op: Pool, signature: Signature) -> Callable[[Array], Array]:
    """Return the function that pools."""
    axes = list(zip(kit.spatial_axes(op), kit.axes(op, signature), strict=True))
    pads = [(0, 0)] * (len(axes) + 2)
    for number, axis in axes:
        pads[number] = max(axis.low, 0), max(axis.high, 0)
    is_padded = any(map(any, pads))
    combine, neutral = (np.maximum, -np.inf) if op.kind == "max" else (np.add, 0.0)
    divisors = kit.divisors(op, signature)

    def pool(x: Array) -> Array:
        dtype = kit.native_type(x.dtype)
        y = x.astype(kit.widened(dtype), copy=False)
        if is_padded:
            y = FUNCTIONS["pad"](y, pads, neutral)
        for number, axis in reversed(axes):
            y = _along(y, number, axis, combine)
        if op.kind == "average":
            y /= divisors
        return y.astype(dtype, copy=False)

    return pool


def _along(y: Array, number: int, axis: kit.Axis, combine: np.ufunc) -> Array:
    """Return a new array, of each window of one axis the combination of its cells."""
    start = max(-axis.low, 0)
    length = (axis.count - 1) * axis.stride + 1
    parts = (
        y[(slice(None),) * number + (slice(first, first + length, axis.stride),)]
        for first in range(start, start + axis.taps)
    )
    total = next(parts).copy()
    for part in parts:
        combine(total, part, out=total)
    return total


def repetition(op: Upsample) -> Function:
    """Return the function that repeats each cell, in less time than it takes to look cells up."""
    factors = list(zip(kit.spatial_axes(op), op.factors, strict=True))

    def repeat(x: Array) -> Array:
        y: Array = kit.native(x)
        for number, factor in factors:
            y = y.repeat(factor, number)
        return y

    def add(g: Array) -> Array:
        x = g.astype(kit.widened(g.dtype), copy=False)
        for number, factor in factors:
            cells = (x.shape[number] // factor, factor)
            x = x.reshape(*x.shape[:number], *cells, *x.shape[number + 1 :]).sum(number + 1)
        return x.astype(g.dtype, copy=False)

    repeating = differentiable(repeat, lambda y, x: lambda g: adding(g))
    adding = differentiable(add, lambda x, g: lambda h: repeating(h))
    return repeating
