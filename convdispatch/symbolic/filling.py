"""Tensors that are made of no others, or of their shapes alone, with Keras's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.ops import FLOAT_DTYPES
from convdispatch.runtime import selection
from convdispatch.symbolic.computing import Sizes, type_name
from convdispatch.symbolic.operations import operation
from convdispatch.symbolic.sizes import Unknown

__all__ = ["arange", "one_hot", "ones_like", "zeros_like"]


def sizes_in(o: Any, sizes: Any) -> list[Any]:
    """Return the sizes of a shape, whatever it was given as."""
    if isinstance(sizes, Sizes | list | tuple):
        return [-1 if size is None else _size(size) for size in sizes]
    if isinstance(sizes, int | np.integer | Unknown):
        return [sizes]
    if o.owns(sizes) and o.static(sizes) and not o.is_abstract:
        return [int(n) for n in np.asarray(o.backend.to_numpy(sizes)).ravel()]
    if o.owns(sizes):  # of a shape alone: how many, but not which
        return [Unknown()] * (o.static(sizes) or (1,))[0]
    return [int(n) for n in np.asarray(sizes).ravel()]


def _size(size: Any) -> Any:
    return int(size) if isinstance(size, np.integer | float) else size


@operation
def one_hot(o: Any, indices: Any, num_classes: int) -> Any:
    """Return a row for each class, with 1 at its number."""
    places = o.tensor(indices)
    if o.dtype(places) in FLOAT_DTYPES:
        places = o.cast(places, "int32")
    return o.f["one_hot"](places, int(num_classes), selection.floatx())


def zeros_of(o: Any, sizes: Sequence[Any], dtype: str) -> Any:
    """Return zeros of that shape, in which sizes may be a framework's own scalars."""
    listed = sizes_in(o, sizes)
    if all(isinstance(size, int) for size in listed):
        return o.backend.asarray(np.zeros(listed), dtype)
    first: Any = o.backend.asarray(np.zeros((1,) * len(listed)), dtype)
    places = [(0, size - 1) for size in listed]
    return o.f["pad"](first, tuple(places))


@operation
def filled(o: Any, shape: Any, value: Any, dtype: Any = None) -> Any:
    """Return a tensor of one number."""
    return zeros_of(o, shape, type_name(dtype or selection.floatx())) + value


@operation
def zeros_like(o: Any, x: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return zeros of the shape of a tensor."""
    one = o.tensor(x)
    zero = (o.cast(one, "int32") if o.dtype(one) == "bool" else one) * 0
    found = o.f["where"](zero == 0, zero, 0) if o.dtype(one) in FLOAT_DTYPES else zero
    return o.f["stop_gradient"](o.cast(found, type_name(dtype or o.dtype(found))))


@operation
def ones_like(o: Any, x: Any, dtype: Any = None, name: Any = None) -> Any:
    """Return ones of the shape of a tensor."""
    return zeros_like.computes(o, x, dtype) + 1


@operation
def arange(o: Any, start: Any, stop: Any = None, step: int = 1, dtype: Any = "int32") -> Any:
    """Return whole numbers from the first to the one before the last."""
    if stop is None:
        start, stop = 0, start
    ends = [o.backend.to_numpy(e) if o.owns(e) and not o.is_abstract else e for e in (start, stop)]
    if all(isinstance(one, int | float | np.generic | np.ndarray) for one in ends):
        first, last = (np.asarray(one).item() for one in ends)
        numbers = np.arange(first, last, step)
        return o.backend.asarray(numbers, dtype)
    return o.cast(zeros_of(o, (stop,), dtype), dtype)
