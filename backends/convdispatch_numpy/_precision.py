"""In which element type an op is computed."""

from __future__ import annotations

from typing import Any

import numpy as np


def computed_in(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the element type to compute in: half precision is rounded once, at the end."""
    return np.dtype("float32") if dtype.itemsize == 2 else dtype
