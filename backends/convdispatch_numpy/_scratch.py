"""The scratch memory of a call, at most 32 MiB for any input: its shares, and its use again.

Each thread has columns, a padded block of its input and a product that is not yet in its place. All
threads together have a reversed kernel, or partial sums of a kernel's gradient.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _threads

Bytes = npt.NDArray[np.uint8]

_MEBIBYTE = 2**20
COLUMNS = 10 * _MEBIBYTE
BLOCKS = 6 * _MEBIBYTE
PRODUCTS = 4 * _MEBIBYTE
KERNELS = 10 * _MEBIBYTE

# More than these have not made a thread faster.
_MOST_READ = 3 * _MEBIBYTE
_MOST_WRITTEN = _MEBIBYTE


def columns(threads: int) -> int:
    """Return how many bytes of columns each of the threads may have."""
    return min(COLUMNS // threads, _MOST_READ)


def blocks(threads: int) -> int:
    """Return how many bytes of padded input each of the threads may have."""
    return min(BLOCKS // threads, _MOST_READ)


def products(threads: int) -> int:
    """Return how many bytes of products each of the threads may have."""
    return min(PRODUCTS // threads, _MOST_WRITTEN)


def smallest(share: int) -> int:
    """Return one thread's part of a share for the largest number of threads."""
    return share // _threads.MOST


class Kept(threading.local):
    """A thread's memory for columns, tile after tile and call after call.

    The allocator may give memory of this size back to the system when it is freed, and the system's
    pages have to be mapped and cleared at the next use: that has taken as long as the products.
    """

    def __init__(self) -> None:
        self._kept: Bytes | None = None

    def take(self, size: int) -> Bytes:
        """Return at least `size` bytes of any content: new ones unless the thread's own will do."""
        kept, self._kept = self._kept, None
        return np.empty(size, np.uint8) if kept is None or kept.nbytes < size else kept

    def give_back(self, memory: Bytes) -> None:
        """Keep memory from `take` for the next computation; the caller no longer uses it."""
        self._kept = memory


def contiguous(x: npt.NDArray[Any], memory: Bytes) -> npt.NDArray[Any]:
    """Return `x` if it is contiguous, else a copy, in that memory if it is large enough."""
    if x.flags.c_contiguous:
        return x
    if x.nbytes > memory.nbytes:
        return np.ascontiguousarray(x)
    copy: npt.NDArray[Any] = np.ndarray(x.shape, x.dtype, memory)
    copy[...] = x
    return copy
