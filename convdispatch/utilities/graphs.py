"""Where a symbolic tensor comes from, and slices of lists of arrays."""

from __future__ import annotations

from typing import Any


def get_source_inputs(tensor: Any, layer: Any = None, node_index: Any = None) -> list[Any]:
    """Return the inputs of models that a symbolic tensor depends on.

    >>> from convdispatch.layers import Dense, Input
    >>> x = Input((4,))
    >>> get_source_inputs(Dense(2)(x))[0] is x
    True
    """
    found: list[Any] = []
    waiting, seen = [tensor], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        given = one.call.inputs
        if not given:
            found.append(one)
        waiting.extend(reversed(given))
    return found


def slice_arrays(arrays: Any, start: Any = None, stop: int | None = None) -> Any:
    """Return the rows from `start` to `stop` of an array or of each array of a list.

    `start` may be a list of rows instead.
    """
    if not isinstance(arrays, list):
        return _sliced(arrays, start, stop)
    return [_sliced(one, start, stop) for one in arrays]


def _sliced(array: Any, start: Any, stop: int | None) -> Any:
    if array is None:
        return None
    if hasattr(start, "__len__"):
        return array[list(start)]
    return array[start:stop]


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Return the first and the last row, not included, of each batch.

    >>> make_batches(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    starts = range(0, size, batch_size)
    return [(start, min(start + batch_size, size)) for start in starts]


def to_list(x: Any) -> list[Any]:
    """Return a list as it is, and anything else in a list of its own."""
    return x if isinstance(x, list) else [x]
