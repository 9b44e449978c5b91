"""Turn cells at equal distances into a slice, whose gradient is a copy and not a sum."""

from __future__ import annotations

import numpy as np


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
