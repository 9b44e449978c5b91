"""The scratch memory of a call, at most 32 MiB whatever its input, and how it is shared out.

Each thread has columns, a padded block of its input and a product before it is put in its place;
all of them together have a kernel turned around, or partial sums of a kernel's gradient.
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
    """Return what each thread has of one of the shares where there are as many as may be."""
    return share // _threads.MOST
