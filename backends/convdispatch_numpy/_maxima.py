"""Max pooling with a gradient of its own: it goes to the first of each window's largest cells."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from convdispatch import kit
from convdispatch.ops import Pool, Signature
from convdispatch_numpy import _products
from convdispatch_numpy._autograd import Function, differentiable, without_trace
from convdispatch_numpy._images import Array, pooling
from convdispatch_numpy._taps import SLOWER, met
from convdispatch_numpy._tiles import cut

# Bytes of the samples that a thread takes at a time: they stay in the cache.
SAMPLES_BYTES = 2**18

# Changes the cells of x that a tap reads, or those of y for which it does, where the tap has won.
Change = Callable[[Array, Array, Array], None]


def maxima(op: Pool, signature: Signature) -> Function:
    """Return max pooling, traceable by autograd."""
    before = [slice(None)] * kit.first_spatial_axis(op)
    meetings = []
    for one in itertools.product(*(met(axis, (0, axis.count)) for axis in kit.axes(op, signature))):
        _, read, written = zip(*one, strict=True)
        meetings.append(((*before, *read), (*before, *written)))

    def each_winner(change: Change, x: Array, y: Array, of_x: Array, of_y: Array) -> None:
        """Call `change` on parts of `of_x` and `of_y`, for each tap and some samples at a time."""
        (parts,) = cut(x.shape[:1], SAMPLES_BYTES // max(x[:1].nbytes, 1))

        def compute(index: int) -> None:
            largest, read_from, written_to, cells = (
                tensor[slice(*parts[index])] for tensor in (y, of_x, of_y, x)
            )
            is_free, has_nan = np.ones(largest.shape, bool), np.isnan(largest).any()
            for read, written in meetings:
                is_won = cells[read] == largest[written]
                if has_nan:
                    is_won |= np.isnan(cells[read])
                is_won &= is_free[written]
                is_free[written] ^= is_won
                change(read_from[read], written_to[written], is_won)

        _products.run(compute, len(parts), 2 * SLOWER * y.size * len(meetings))

    def spread(g: Array, x: Array, y: Array) -> Array:
        def add(cells: Array, upstream: Array, is_won: Array) -> None:
            cells += np.where(is_won, upstream, 0)  # a thirtieth of the time of `where=`

        found = np.zeros(x.shape, kit.widened(g.dtype))
        each_winner(add, x, y, found, g)
        return found.astype(g.dtype, copy=False)

    def gather(h: Array, x: Array, y: Array) -> Array:
        found = np.zeros(y.shape, h.dtype)
        each_winner(
            lambda cells, result, is_won: np.copyto(result, cells, where=is_won), x, y, h, found
        )
        return found

    spreading = differentiable(spread, lambda answer, g, x, y: lambda h: gathering(h, x, y))
    gathering = differentiable(gather, lambda answer, h, x, y: lambda g: spreading(g, x, y))
    return differentiable(
        pooling(op, signature),
        lambda y, x: lambda g: spreading(g, without_trace(x), without_trace(y)),
    )
