"""Ops that move cells, and mix neighbours: padding, cropping, enlarging, resampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch.kit._layouts import first_spatial_axis, spatial_axes, spatial_size
from convdispatch.kit._precision import computed_in
from convdispatch.kit._primitives import Primitives, functions_of
from convdispatch.kit._samples import samples
from convdispatch.ops import Pad, Resize, Signature, Upsample, spatial_rank

Functions = Mapping[str, Callable[..., Any]]


def padding(op: Pad, signature: Signature, functions: Functions) -> Callable[[Any], Any]:
    """Return the function that adds zeros, and then crops."""
    pad, take = functions["pad"], functions["take"]
    grown = [(max(low, 0), max(high, 0)) for low, high in op.pads]
    around = _of_all_axes(grown, op)
    # Zeros first: a crop may be longer than the image and reach into the zeros of the other side.
    kept = []
    axes = zip(spatial_axes(op), spatial_size(op, signature), op.pads, strict=True)
    for axis, size, (low, high) in axes:
        if min(low, high) < 0:
            first = max(-low, 0)
            kept.append((axis, np.arange(first, first + size + low + high)))

    def padded(x: Any) -> Any:
        y = pad(x, around)
        for axis, cells in kept:
            y = take(y, cells, axis)
        return y

    return padded


def resampling(
    op: Upsample | Resize,
    signature: Signature,
    backend: Primitives,
) -> Callable[[Any], Any]:
    """Return the function that samples one axis after the other; half comes as float32."""
    take = functions_of(backend)["take"]
    dtype = computed_in(signature.dtype)
    grids = list(zip(spatial_axes(op), samples(op, signature), strict=True))
    last = spatial_rank(op) + 1

    def nearest(x: Any) -> Any:
        for axis, grid in grids:
            x = take(x, grid.below, axis)
        return x

    def bilinear(x: Any) -> Any:
        for axis, grid in grids:
            # Made at each call, because a constant of one trace cannot be used in another.
            along = grid.share.reshape(-1, *[1] * (last - axis))
            share: Any = backend.asarray(along, dtype)
            x = take(x, grid.below, axis) * (1 - share) + take(x, grid.above, axis) * share
        return x

    return nearest if op.interpolation == "nearest" else bilinear


def _of_all_axes(pads: list[tuple[int, int]], op: Pad) -> list[tuple[int, int]]:
    first = first_spatial_axis(op)
    return [*[(0, 0)] * first, *pads, *[(0, 0)] * (2 - first)]
