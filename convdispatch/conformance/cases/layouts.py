"""How an array or a tensor can lie in memory: with gaps, backwards, unaligned, read-only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Tensor
from convdispatch.runtime import dispatch

Lying = Callable[[Array], Array]
UNKNOWN_SIZES = "unknown_sizes"
# Other numbers than the array's, where something reads beyond it or between its numbers.
_OTHERS = 55.0


def _with_gaps(array: Array) -> Array:
    wide = np.full(tuple(3 * n for n in array.shape), _OTHERS, array.dtype)
    view: Array = wide[(slice(1, None, 3),) * array.ndim]
    view[...] = array
    return view


def _gaps_before_the_last_axis(array: Array) -> Array:
    wide = np.full((*(2 * n for n in array.shape[:-1]), *array.shape[-1:]), _OTHERS, array.dtype)
    view: Array = wide[(slice(None, None, 2),) * (array.ndim - 1)]
    view[...] = array
    return view


def backwards(array: Array) -> Array:
    """Return a view with negative strides on every axis."""
    every = (slice(None, None, -1),) * array.ndim
    return np.ascontiguousarray(array[every])[every]


def _one_axis_backwards(array: Array) -> Array:
    return np.ascontiguousarray(array[::-1])[::-1] if array.ndim else array


def _axes_exchanged(array: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(array, 0, -1)).transpose(
        (array.ndim - 1, *range(array.ndim - 1))
    )


def _unaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:]
    view: Array = memory.view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def read_only(array: Array) -> Array:
    """Return a copy that cannot be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _inside(array: Array) -> Array:
    wide = np.full(tuple(n + 2 for n in array.shape), _OTHERS, array.dtype)
    view: Array = wide[(slice(1, -1),) * array.ndim]
    view[...] = array
    return view


LYING: dict[str, Lying] = {
    "with gaps": _with_gaps,
    "with gaps between rows": _gaps_before_the_last_axis,
    "backwards": backwards,
    "with one axis backwards": _one_axis_backwards,
    "in Fortran's order": np.asfortranarray,
    "with axes exchanged": _axes_exchanged,
    "unaligned": _unaligned,
    "read-only": read_only,
    "inside of another": _inside,
}


def transposed(backend: Backend, array: Array, dtype: str) -> Tensor:
    """Return the numbers as a tensor that the backend transposed from one in another order."""
    axes = tuple(reversed(range(array.ndim)))
    reverse = backend.functions["transpose"]
    return reverse(backend.asarray(np.ascontiguousarray(array.T), dtype), axes)


def _sliced(backend: Backend, array: Array, dtype: str) -> Tensor:
    wide: Any = backend.asarray(np.repeat(array, 2, 0), dtype)
    return wide[::2]


def native_ways(backend: Backend) -> dict[str, Callable[[Backend, Array, str], Tensor]]:
    """Return how tensors are made of others; those of a backend with unknown sizes have slices."""
    ways: dict[str, Callable[[Backend, Array, str], Tensor]] = {
        "transposed by the backend": transposed
    }
    if UNKNOWN_SIZES not in dispatch.declined(backend):
        ways["sliced by the backend"] = _sliced
    return ways


def repeated(array: Array) -> Array:
    """Return an array of the same shape that repeats the first number along each axis but one."""
    first = array[(slice(0, 1),) * (array.ndim - 1)]
    return np.broadcast_to(first.copy(), array.shape)
