"""Ops that move cells, and mix neighbours: padding, cropping, enlarging, resampling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.kit._axes import Axis, Window
from convdispatch.kit._layouts import first_spatial_axis, spatial_axes
from convdispatch.kit._precision import computed_in
from convdispatch.kit._primitives import Primitives
from convdispatch.kit._samples import samples
from convdispatch.kit._slices import numbered, taking, without
from convdispatch.ops import Pad, PartialShape, Resize, Signature, Upsample, spatial_rank

Functions = Mapping[str, Callable[..., Any]]


def padding(op: Pad, sizes: PartialShape, functions: Functions) -> Callable[[Any], Any]:
    """Return the function that adds zeros to tensors of these spatial sizes, and then crops."""
    pad, taken = functions["pad"], taking(functions["take"])
    grown = [(max(low, 0), max(high, 0)) for low, high in op.pads]
    around = _of_all_axes(grown, op)
    # Zeros first: a crop may be longer than the image and reach into the zeros of the other side.
    kept = []
    for axis, size, (low, high), zeros in zip(spatial_axes(op), sizes, op.pads, grown, strict=True):
        if min(low, high) < 0:
            padded_size = None if size is None else size + sum(zeros)
            kept.append((axis, numbered(padded_size, without(max(-low, 0), max(-high, 0)))))

    def padded(x: Any) -> Any:
        y = pad(x, around)
        for axis, cells in kept:
            y = taken(y, axis, cells)
        return y

    return padded


def fitting(
    axes: Sequence[Window], functions: Functions, *, channels_last: bool
) -> Callable[[Any], Any]:
    """Return the function that pads, and cuts off what a stride leaves unread at the end.

    For axes of unknown size, of a convolution or a pooling: it reads the sizes of its tensor.
    """
    pads = Pad(pads=tuple((axis.low, axis.high) for axis in axes), channels_last=channels_last)
    sizes = tuple(axis.size if isinstance(axis, Axis) else None for axis in axes)
    pad, sizes_of = padding(pads, sizes, functions), functions["shape"]
    taken = taking(functions["take"])
    strided = [pair for pair in zip(spatial_axes(pads), axes, strict=True) if pair[1].stride > 1]

    def fitted(x: Any) -> Any:
        y = pad(x)
        given: Any = sizes_of(y) if strided else ()
        for axis, window in strided:
            unread = (given[axis] - window.reach) % window.stride
            y = taken(y, axis, slice(0, given[axis] - unread))
        return y

    return fitted


def enlarging(op: Upsample, functions: Functions) -> Callable[[Any], Any]:
    """Return `Upsample` without the sizes; half precision comes as float32.

    Each cell becomes as many as its factor says, side by side. Their places between the
    neighbouring cells depend on the factor alone.
    """
    concatenate, taken = functions["concatenate"], taking(functions["take"])
    joined = joining(functions)
    steps = list(zip(spatial_axes(op), op.factors, strict=True))

    def nearest(x: Any) -> Any:
        for axis, factor in steps:
            x = joined([x] * factor, axis)
        return x

    def bilinear(x: Any) -> Any:
        for axis, factor in steps:
            first, last = taken(x, axis, slice(0, 1)), taken(x, axis, slice(-1, None))
            before = concatenate([first, taken(x, axis, without(0, 1))], axis)
            behind = concatenate([taken(x, axis, without(1, 0)), last], axis)
            # In halves of a part, from the centre of the cell.
            places = [2 * part + 1 - factor for part in range(factor)]
            shares = [place % (2 * factor) / (2 * factor) for place in places]
            parts = [
                before * (1 - share) + x * share if place < 0 else x * (1 - share) + behind * share
                for place, share in zip(places, shares, strict=True)
            ]
            x = joined(parts, axis)
        return x

    return nearest if op.interpolation == "nearest" else bilinear


def joining(functions: Functions) -> Callable[[list[Any], int], Any]:
    """Return the function that puts the cells of equal tensors side by side along an axis.

    Its gradient is a slice for each tensor.
    """
    stack, reshape, sizes_of = (functions[name] for name in ("stack", "reshape", "shape"))

    def joined(parts: list[Any], axis: int) -> Any:
        sizes: Any = sizes_of(parts[0])
        enlarged = (*sizes[:axis], sizes[axis] * len(parts), *sizes[axis + 1 :])
        return reshape(stack(parts, axis + 1), enlarged)

    return joined


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
