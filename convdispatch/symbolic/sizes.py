"""Sizes that may be unknown, and the shapes of parts of tensors."""

from __future__ import annotations

from types import EllipsisType
from typing import Any

import numpy as np

from convdispatch.errors import InvalidShape
from convdispatch.ops import PartialShape


class Unknown:
    """A size that is not known: so is whatever is computed from it."""

    def _same(self, *_: object) -> Unknown:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _same
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __neg__ = __pow__ = _same

    def __repr__(self) -> str:
        return "an unknown size"


UNKNOWN = Unknown()


def part_of(shape: PartialShape, index: Any) -> PartialShape:
    """Return the shape of `x[index]`."""
    indices = list(index) if isinstance(index, tuple) else [index]
    used = sum(1 for one in indices if one is not None and one is not Ellipsis)
    if used > len(shape):
        raise InvalidShape(f"a tensor of shape {shape} has no part {index!r}: too many indices.")
    if not any(isinstance(one, EllipsisType) for one in indices):
        indices.append(Ellipsis)
    sizes: list[int | None] = []
    axis = 0
    for one in indices:
        if one is None:
            sizes.append(1)
        elif isinstance(one, EllipsisType):
            rest = len(shape) - used
            sizes += shape[axis : axis + rest]
            axis += rest
        else:
            if isinstance(one, slice):
                sizes.append(_length(shape[axis], one))
            elif getattr(one, "shape", ()) or isinstance(one, list):
                sizes += getattr(one, "shape", np.shape(one))
            axis += 1
    return tuple(sizes)


def _length(size: int | None, part: slice) -> int | None:
    if part == slice(None):
        return size
    ends = (part.start, part.stop, part.step)
    if size is None or any(not isinstance(one, int | None) for one in ends):
        from_start = size is None and part.start in (None, 0) and part.step in (None, 1)
        # A batch of unknown size is taken to have at least so many samples.
        return part.stop if from_start and isinstance(part.stop, int) and part.stop > 0 else None
    return len(range(size)[part])
