"""Matrix products in threads of our own, where they are worth a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _threads

Array = npt.NDArray[Any]

# Operations below which waking another thread takes longer than it saves: 150 microseconds' worth.
WORTH_A_THREAD = 2**25
# Operations from which BLAS may wake threads of its own.
WORTH_HOLDING_BLAS = 2**18


def run(task: Callable[[int], None], number: int, operations: int) -> None:
    """Call `task(i)` for each i below `number`, which take so many operations altogether."""
    if operations >= WORTH_HOLDING_BLAS:
        _threads.run(task, number, helped=operations >= WORTH_A_THREAD)
    else:
        for index in range(number):
            task(index)


def multiply(a: Array, b: Array, out: Array) -> None:
    """Write the product of two matrices to `out`, in threads if that is worth it."""
    rows, length = a.shape
    filters = b.shape[1]
    operations = 2 * rows * length * filters
    parts = _threads.count() if operations >= WORTH_A_THREAD else 1
    by_rows = rows >= filters
    edges = [(rows if by_rows else filters) * part // parts for part in range(parts + 1)]

    def compute(part: int) -> None:
        chosen = slice(edges[part], edges[part + 1])
        if by_rows:
            np.matmul(a[chosen], b, out=out[chosen])
        else:
            np.matmul(a, b[:, chosen], out=out[:, chosen])

    run(compute, parts, operations)


def multiply_each(a: Array, b: Array) -> Array:
    """Return the products of two stacks of matrices, in threads if that is worth it."""
    number, rows, length = a.shape
    out = np.empty((number, rows, b.shape[-1]), a.dtype)

    def compute(index: int) -> None:
        np.matmul(a[index], b[index], out=out[index])

    if number == 1:
        multiply(a[0], b[0], out[0])
    else:
        run(compute, number, 2 * out.size * length)
    return out
