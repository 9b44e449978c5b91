"""Ops that move cells, and mix neighbours: padding, cropping, enlarging, resampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch.kit._layouts import first_spatial_axis, spatial_axes, spatial_size
from convdispatch.kit._precision import computed_in
from convdispatch.kit._primitives import Primitives
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
    *,
    take: Callable[[Any, Any, int], Any],
    mix: Callable[[Any, Any, Any], Any],
    constant: Callable[[Any], Any] = np.asarray,
) -> Callable[[Any], Any]:
    """Return the function that samples one axis after the other.

    `take` is that of the backend's table. `mix(below, above, share)` adds up (1 - share) * below
    and share * above; the shares line up with the tensors. `constant` is called here, not in the
    function, and makes of the cells' numbers and of the shares what `take` and `mix` get.
    """
    last = spatial_rank(op) + 1
    grids = [
        (
            axis,
            constant(grid.below),
            constant(grid.above),
            constant(grid.share.reshape(-1, *[1] * (last - axis))),
        )
        for axis, grid in zip(spatial_axes(op), samples(op, signature), strict=True)
    ]

    def nearest(x: Any) -> Any:
        for axis, cells, *_ in grids:
            x = take(x, cells, axis)
        return x

    def bilinear(x: Any) -> Any:
        for axis, below, above, share in grids:
            x = mix(take(x, below, axis), take(x, above, axis), share)
        return x

    return nearest if op.interpolation == "nearest" else bilinear


def mixing(signature: Signature, backend: Primitives) -> Callable[[Any, Any, Any], Any]:
    """Return the `mix` that every backend has, of shares in an array; half comes as float32."""
    dtype = computed_in(signature.dtype)

    def mix(below: Any, above: Any, share: Any) -> Any:
        # Made at each call, because a constant of one trace cannot be used in another.
        constant: Any = backend.asarray(share, dtype)
        return below * (1 - constant) + above * constant

    return mix


def _of_all_axes(pads: list[tuple[int, int]], op: Pad) -> list[tuple[int, int]]:
    first = first_spatial_axis(op)
    return [*[(0, 0)] * first, *pads, *[(0, 0)] * (2 - first)]
