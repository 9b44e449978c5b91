"""The mean and the variance of a batch, and what an empty one leaves of the moving ones.

They are those of the whole batch, also where a group of processes or devices computes it in parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from convdispatch.formulas.whole_batch import whole
from convdispatch.ops import Backend


def moments_of(backend: Backend, rank: int, axis: int) -> Callable[[Any], tuple[Any, Any]]:
    """Return the function from a batch to each channel's mean and variance."""
    reshape = backend.functions["reshape"]
    axes = tuple(i for i in range(rank) if i != axis)

    def moments(x: Any) -> tuple[Any, Any]:
        mean = whole(backend).functions["mean"]
        centre = mean(x, axes, keepdims=True)
        deviation = x - centre
        return reshape(centre, (-1,)), mean(deviation * deviation, axes)

    return moments


def unless_empty(backend: Backend) -> Callable[[Any, Any, Any], Any]:
    """Return the function that chooses `old` for an x without numbers, else `new`.

    It chooses while it computes, for sizes that are unknown while the framework traces. Known ones
    are not empty here.
    """
    sizes_of, where = backend.functions["shape"], backend.functions["where"]

    def chosen(x: Any, new: Any, old: Any) -> Any:
        sizes: Any = sizes_of(x)
        count = math.prod(sizes)
        return where(count > 0, new, old) if backend.owns(count) else new

    return chosen
