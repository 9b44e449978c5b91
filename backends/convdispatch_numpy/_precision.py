"""In which element type an op is computed, and that results have the machine's order of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np


def computed_in(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the element type to compute in: half precision is rounded once, at the end."""
    return np.dtype("float32") if dtype.itemsize == 2 else dtype


def native(x: Any) -> Any:
    """Return the array with its bytes in the machine's order: itself where they are."""
    return x if x.dtype.isnative else x.astype(native_type(x.dtype))


def native_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the element type with its bytes in the machine's order."""
    return dtype.newbyteorder("=")
