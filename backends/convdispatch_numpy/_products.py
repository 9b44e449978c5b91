"""Matrix products in our own threads, if they are large enough. All matrices come in stacks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _scratch, _threads
from convdispatch_numpy._epilogue import Finish
from convdispatch_numpy._tiles import cut

Array = npt.NDArray[Any]

# Operations below which waking another thread takes longer than it saves: 150 microseconds' worth.
WORTH_A_THREAD = 2**25
# Operations from which BLAS may wake threads of its own.
WORTH_HOLDING_BLAS = 2**18


def run(task: Callable[[int], None], number: int, operations: int) -> None:
    """Call `task(i)` for each i below `number`, which take so many operations altogether.

    With 0 operations, for tasks that have threads themselves, it calls them one after the other.
    """
    if operations >= WORTH_HOLDING_BLAS:
        _threads.run(task, number, helped=operations >= WORTH_A_THREAD)
    else:
        for index in range(number):
            task(index)


def threads_for(operations: int) -> int:
    """Return how many threads to use for so many operations."""
    return _threads.count() if operations >= WORTH_A_THREAD else 1


def multiply(a: Array, b: Array, rows: Array, finish: Finish) -> None:
    """Write finished products, the columns of all pairs side by side, in threads if worth it."""
    operations = 2 * rows.size * a.shape[2]
    threads = threads_for(operations)
    are_rows_cut = len(rows) >= rows.shape[1]
    size = len(rows) if are_rows_cut else b.shape[2]
    edges = [size * part // threads for part in range(threads + 1)]

    def compute(part: int) -> None:
        some = slice(edges[part], edges[part + 1])
        if are_rows_cut:
            multiply_alone(a[:, some], b, rows[some], finish)
        else:
            np.matmul(a, b[..., some], out=by_group(rows, len(a))[..., some])

    run(compute, threads, operations)
    if not are_rows_cut:
        finish(rows)


def multiply_alone(a: Array, b: Array, rows: Array, finish: Finish) -> None:
    """Do the same in this thread."""
    np.matmul(a, b, out=by_group(rows, len(a)))
    finish(rows)


def by_group(rows: Array, groups: int) -> Array:
    """Return (rows, columns of all groups) as (groups, rows, columns of one), a view."""
    return rows[np.newaxis] if groups == 1 else rows.reshape(len(rows), groups, -1).swapaxes(0, 1)


def add_product(total: Array, a: Array, b: Array, *, are_helped: bool = False) -> None:
    """Add the products of `a`, transposed, and `b` to `total`, in threads if they shall help."""
    groups, length, width = total.shape
    threads = _threads.count()
    most = _scratch.products(threads) // max(width * total.itemsize, 1)
    if are_helped:
        most = min(most, -(-groups * length // threads))
    parts = list(itertools.product(*cut((groups, length), most)))

    def add(index: int) -> None:
        stack, rows = (slice(*part) for part in parts[index])
        total[stack, rows] += a[stack, :, rows].swapaxes(1, 2) @ b[stack]

    run(add, len(parts), 2 * a.size * width if are_helped else 0)


def summed(
    add: Callable[[Array, int, bool], None],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    number: int,
    operations: int,
) -> Array:
    """Return the sum that `add(total, i, are_helped)` makes for each i below `number`.

    Each thread has a sum of its own if there is room in the scratch memory; otherwise all threads
    help with each i. Each always gets the same ones in the same order: the same sum at every call.
    """
    size = math.prod(shape) * dtype.itemsize
    most = min(threads_for(operations), number, 1 + _scratch.KERNELS // max(size, 1))
    sums = [np.zeros(shape, dtype) for _ in range(max(most, 1))]

    def work(part: int) -> None:
        for index in range(part, number, len(sums)):
            add(sums[part], index, len(sums) == 1)

    run(work, len(sums), operations if len(sums) > 1 else 0)
    total, *others = sums
    for part in others:
        total += part
    return total
