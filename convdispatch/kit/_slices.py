"""Cells of one axis: by number or, where the size is unknown, as a slice.

A slice needs no size. Cells at equal distances are a slice too,
whose gradient is a copy and no sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.kit._axes import Axis, Window

Cells: TypeAlias = slice | npt.NDArray[np.int64]


def taking(take: Callable[..., Any]) -> Callable[[Any, int, Cells], Any]:
    """Return the function that takes cells along one axis of a tensor: by `take`, or as a slice."""

    def taken(x: Any, axis: int, cells: Cells) -> Any:
        if isinstance(cells, slice):
            return x[(*[slice(None)] * axis, cells)]
        return take(x, cells, axis)

    return taken


def numbered(size: int | None, cells: slice) -> Cells:
    """Return the numbers of the cells of an axis or, if its size is unknown, the slice.

    >>> numbered(4, slice(1, None)), numbered(None, slice(1, None))
    (array([1, 2, 3]), slice(1, None, None))
    """
    return cells if size is None else np.arange(size)[cells]


def without(low: int, high: int) -> slice:
    """Return the slice that leaves out so many cells at either end.

    >>> without(1, 0), without(0, 2)
    (slice(1, None, None), slice(0, -2, None))
    """
    return slice(low, -high or None)


def read_by_tap(window: Window, tap: int) -> Cells:
    """Return the cells that a tap reads, one for each place of the window.

    The axis has its zeros already; what negative pads crop is still there.

    >>> read_by_tap(Window(taps=3, stride=2, dilation=1, low=0, high=-1), 0)
    slice(0, -3, 2)
    """
    before = tap * window.dilation
    behind = window.reach - 1 - before + max(-window.high, 0)
    cells = slice(before + max(-window.low, 0), -behind or None, window.stride)
    if not isinstance(window, Axis):
        return cells
    return numbered(window.size + max(window.low, 0) + max(window.high, 0), cells)


def as_slice(indices: object, size: object) -> slice | None:
    """Return the slice that takes the same cells of an axis of `size`, or None if none does.

    Only NumPy's arrays of one axis are checked, and only if the size is known.

    >>> as_slice(np.array([1, 3, 5]), 6)
    slice(1, 6, 2)
    >>> as_slice(np.array([5, 3, 1]), 6) is None
    True
    """
    if not (isinstance(indices, np.ndarray) and isinstance(size, int) and indices.size):
        return None
    first, last = int(indices.flat[0]), int(indices.flat[-1])
    step = (last - first) // max(indices.size - 1, 1) or 1
    if step < 0 or first < 0 or last >= size:
        return None
    # An array of another number of axes is not equal, either.
    is_even = np.array_equal(indices, np.arange(first, last + 1, step))
    return slice(first, last + 1, step) if is_even else None
