"""The scratch memory of a call, at most 32 MiB for any input, and its shares.

Each thread has columns, a padded block of its input and a product that is not yet in its place. All
threads together have a reversed kernel, or partial sums of a kernel's gradient.
"""

from __future__ import annotations

from convdispatch_numpy import _threads

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
