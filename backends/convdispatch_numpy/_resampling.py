"""Sampling an image at other positions, and the adjoint, one axis after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch import kit
from convdispatch.ops import Resize, Signature, Upsample
from convdispatch_numpy._autograd import Function, differentiable

Array = npt.NDArray[Any]
# Cells of one axis: a slice where they are evenly spaced, so that nothing is copied to read them.
Cells = slice | npt.NDArray[np.int64]


def resampling(op: Upsample | Resize, signature: Signature) -> Function:
    """Return the function that samples; autograd may trace it."""
    sampled = kit.resampling(op, signature, take=np.take, mix=_mixed)
    spread = _spreading(op, signature)

    def forward(x: Array) -> Array:
        return _in_wide(sampled, x)

    def adjoint(g: Array) -> Array:
        return _in_wide(spread, g)

    sampling = differentiable(forward, lambda y, x: lambda g: spreading(g))
    spreading = differentiable(adjoint, lambda x, g: lambda h: sampling(h))
    return sampling


def _in_wide(compute: Callable[[Array], Array], x: Array) -> Array:
    """Compute half precision in float32, and round once."""
    dtype = kit.native_type(x.dtype)
    return compute(x.astype(kit.widened(dtype), copy=False)).astype(dtype, copy=False)


def _mixed(below: Array, above: Array, share: Array) -> Array:
    """Return both by their shares, in the memory of one of them."""
    share = share.astype(below.dtype)
    below *= 1 - share
    above *= share
    below += above
    return below


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples of one axis that were read from different cells, what they read, and by which share.

    No share is None: the samples are the cells.
    """

    samples: Cells
    cells: Cells
    share: Array | None


def _spreading(op: Upsample | Resize, signature: Signature) -> Callable[[Array], Array]:
    """Return the adjoint: each sample goes back to the cells that it was read from.

    A cell that several samples were read from gets one of them at a time. NumPy's `add.at`, which
    adds them all at once, takes several times as long.
    """
    sizes = kit.spatial_size(op, signature)
    axes = [
        (axis, size, list(_parts(grid, op.interpolation, rank_after=len(sizes) + 1 - axis)))
        for axis, size, grid in zip(
            kit.spatial_axes(op), sizes, kit.samples(op, signature), strict=True
        )
    ]

    def spread(g: Array) -> Array:
        for axis, size, parts in axes:
            before = (slice(None),) * axis
            x = np.zeros((*g.shape[:axis], size, *g.shape[axis + 1 :]), g.dtype)
            for part in parts:
                samples = g[(*before, part.samples)]
                if part.share is not None:
                    samples = samples * part.share.astype(g.dtype)
                x[(*before, part.cells)] += samples
            g = x
        return g

    return spread


def _parts(grid: kit.Samples, interpolation: str, *, rank_after: int) -> Iterator[_Part]:
    """Yield the parts of one axis, which has `rank_after` axes behind it."""
    if interpolation == "nearest":
        for samples in _of_different_cells(grid.below):
            yield _Part(_evenly(samples), _evenly(grid.below[samples]), None)
        return
    for cells, shares in ((grid.below, 1 - grid.share), (grid.above, grid.share)):
        for samples in _of_different_cells(cells):
            share = shares[samples].reshape(-1, *[1] * rank_after)
            yield _Part(_evenly(samples), _evenly(cells[samples]), share)


def _of_different_cells(cells: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield groups of samples, in none of which two are of one cell. The cells are in order."""
    earlier = np.arange(len(cells)) - np.searchsorted(cells, cells)  # samples of the same cell
    for number in range(int(earlier.max(initial=-1)) + 1):
        yield np.flatnonzero(earlier == number)


def _evenly(places: npt.NDArray[np.int64]) -> Cells:
    """Return evenly spaced places as a slice, others as they are."""
    steps = np.diff(places)
    if not len(places) or (steps != steps[:1]).any():
        return places
    step = int(steps[0]) if len(steps) else 1
    return slice(int(places[0]), int(places[-1]) + 1, step)
