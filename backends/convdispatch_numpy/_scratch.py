"""Memory that a thread uses again, tile after tile and call after call.

The allocator may give memory of this size back to the system when it is freed, and the system's
pages have to be mapped and cleared at the next use: that has taken as long as the products.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


class Scratch(threading.local):
    """A piece of memory for each thread, which one computation at a time has for itself."""

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
