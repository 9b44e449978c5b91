"""The masks that a caller hands to a user's function."""

from __future__ import annotations

from typing import Any

import numpy as np

from convdispatch.errors import InvalidShape, InvalidType


def require_mask_of(layer: Any, mask: Any, x: Any) -> None:
    """Raise unless a mask is of bools, on the first axes of the input; None is no mask."""
    if mask is None:
        return
    backend = layer._backend()
    array = None if backend.owns(mask) else np.asarray(mask)
    shape, dtype = backend.describe(mask) if array is None else (array.shape, array.dtype.name)
    if dtype != "bool":
        raise InvalidType(
            f"`mask` of {layer._title} must be of bools; received {dtype}. Compare it with 0 first."
        )
    own = backend.describe(x)[0]
    fits = 0 < len(shape) <= len(own) and all(
        a == b for a, b in zip(shape, own, strict=False) if None not in (a, b)
    )
    if not fits:
        raise InvalidShape(
            f"`mask` of {layer._title} must have the first axes of its input, whose shape is "
            f"{own}; received a mask of shape {shape}."
        )
