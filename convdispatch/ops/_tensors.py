"""Tensors, their shapes and their element types, as the contract speaks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# A tensor of the framework that the backend adapts; only `Backend` makes promises about it.
Tensor: TypeAlias = object
Shape: TypeAlias = tuple[int, ...]
PartialShape: TypeAlias = tuple[int | None, ...]
NumpyArray: TypeAlias = "npt.NDArray[np.generic]"

FLOAT_DTYPES = ("float16", "bfloat16", "float32", "float64")
# Computed in float32 or wider, and rounded once.
HALF_DTYPES = ("float16", "bfloat16")
# Tensors of these types enter and leave; no op computes with them, but some functions do.
INTEGER_DTYPES = ("bool", "uint8", "int32", "int64")


def known_sizes(sizes: PartialShape) -> Shape:
    """Return the sizes of a shape or of a part of it; none of them may be None.

    >>> known_sizes((4, 3))
    (4, 3)
    """
    known = tuple(size for size in sizes if size is not None)
    assert len(known) == len(sizes)
    return known
