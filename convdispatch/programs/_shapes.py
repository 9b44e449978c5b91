"""The shape of what a function returns, with None for the batch axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convdispatch.ops import PartialShape


def broadcast(shapes: Sequence[PartialShape]) -> PartialShape:
    """Return the common shape, as NumPy finds it.

    >>> broadcast([(None, 1, 3), (4, 1), ()])
    (None, 4, 3)
    """
    rank = max(map(len, shapes), default=0)
    wide = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_common(sizes) for sizes in zip(*wide, strict=True))


def _common(sizes: Sequence[int | None]) -> int | None:
    """Return the size that is not 1, a known one before an unknown one."""
    others = [size for size in sizes if size != 1]
    return next((size for size in others if size is not None), None) if others else 1


def reduced(shape: PartialShape, axes: Sequence[int], *, keepdims: bool) -> PartialShape:
    """Return the shape without these axes, or with 1 in their place.

    >>> reduced((None, 4, 3), (1,), keepdims=False)
    (None, 3)
    """
    if keepdims:
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def joined(shapes: Sequence[PartialShape], axis: int) -> PartialShape:
    """Return the shape of tensors side by side along an axis."""
    sizes = [shape[axis] for shape in shapes]
    whole = None if None in sizes else sum(size for size in sizes if size is not None)
    return (*shapes[0][:axis], whole, *shapes[0][axis + 1 :])


def multiplied(a: PartialShape, b: PartialShape) -> PartialShape:
    """Return the shape of a matrix product."""
    if len(b) == 1:
        return a[:-1]
    if len(a) == 1:
        return (*b[:-2], b[-1])
    return (*broadcast([a[:-2], b[:-2]]), a[-2], b[-1])


def reshaped(shape: PartialShape, wanted: Sequence[int | None]) -> tuple[PartialShape, list[int]]:
    """Return the new shape with None for an unknown size, and the sizes that a reshape takes.

    In `wanted` -1 stands for the rest and None for a size that is only known when it runs. At most
    one of the sizes that a reshape takes is -1.

    >>> reshaped((None, 4, 3), (None, -1))
    ((None, 12), [-1, 12])
    >>> reshaped((None, 4, 3), (-1, 3))
    ((None, 3), [-1, 3])
    """
    unknown = sum(size is None for size in shape)
    known = math.prod(size for size in shape if size is not None)
    rest = math.prod(size for size in wanted if size is not None and size != -1)
    asked = [None if size == -1 else size for size in wanted]
    if unknown == 0 and asked.count(None) == 1:
        asked = [known // max(rest, 1) if size is None else size for size in asked]
    elif unknown == 1 and None in wanted and -1 in wanted and rest:
        asked = [known // rest if size == -1 else size for size in wanted]
    sizes = [-1 if size is None else size for size in asked]
    if sizes.count(-1) > 1:
        raise ValueError(f"a reshape of {shape} to {tuple(wanted)} has two unknown sizes")
    return tuple(asked), sizes
