"""Matrix products in our own threads, if they are large enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch_numpy import _budget, _threads
from convdispatch_numpy._epilogue import Finish

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


def multiply(a: Array, b: Array, out: Array, finish: Finish) -> None:
    """Write the finished product of two matrices to `out`, in threads if that is worth it."""
    rows, length = a.shape
    filters = b.shape[1]
    operations = 2 * rows * length * filters
    parts = _threads.count() if operations >= WORTH_A_THREAD else 1
    by_rows = rows >= filters
    edges = [(rows if by_rows else filters) * part // parts for part in range(parts + 1)]

    def compute(part: int) -> None:
        chosen = slice(edges[part], edges[part + 1])
        if by_rows:
            multiply_alone(a[chosen], b, out[chosen], finish)
        else:
            np.matmul(a, b[:, chosen], out=out[:, chosen])

    run(compute, parts, operations)
    if not by_rows:
        finish(out)


def multiply_alone(a: Array, b: Array, out: Array, finish: Finish) -> None:
    """Write the finished product of two matrices to `out`, in this thread."""
    np.matmul(a, b, out=out)
    finish(out)


def add_product(total: Array, a: Array, b: Array, *, are_helped: bool = False) -> None:
    """Add the product of `a`, transposed, and `b` to `total`, in threads if they shall help."""
    length, width = total.shape
    threads = _threads.count()
    most = _budget.products(threads) // max(width * total.itemsize, 1)
    parts = max(-(-length // max(most, 1)), threads if are_helped else 1)
    edges = [length * part // parts for part in range(parts + 1)]

    def add(part: int) -> None:
        chosen = slice(edges[part], edges[part + 1])
        total[chosen] += a[:, chosen].T @ b

    if are_helped:
        run(add, parts, 2 * a.size * width)
    else:
        for part in range(parts):
            add(part)


def add_products(totals: Array, a: Array, b: Array) -> None:
    """Add the products of two stacks of matrices to a third, each as `add_product` does."""
    most = _budget.products(_threads.count()) // max(totals[0].nbytes, 1)
    if most <= 1:
        for total, left, right in zip(totals, a, b, strict=True):
            add_product(total, left, right)
        return
    for start in range(0, len(totals), most):
        part = slice(start, start + most)
        totals[part] += a[part].swapaxes(1, 2) @ b[part]


def partial_sums(shape: tuple[int, ...], dtype: np.dtype[Any], most: int) -> list[Array]:
    """Return as many arrays of zeros as have room in the scratch memory, and one for the result."""
    size = math.prod(shape) * dtype.itemsize
    number = max(min(most, 1 + _budget.KERNELS // max(size, 1)), 1)
    return [np.zeros(shape, dtype) for _ in range(number)]


def sum_of(parts: list[Array]) -> Array:
    """Return the total of the arrays of `partial_sums`, in the memory of the first."""
    total, *others = parts
    for part in others:
        total += part
    return total
