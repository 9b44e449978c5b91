"""Half precision: computed in float32 and rounded once, and so are its gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convdispatch.ops import HALF_DTYPES


def rounded_once(
    compute: Callable[..., Any], dtype: str, cast: Callable[[Any, str], Any]
) -> Callable[..., Any]:
    """Return `compute`, a function of tensors of that element type; `cast` is the backend's."""
    if dtype not in HALF_DTYPES:
        return compute

    def computed(*tensors: Any) -> Any:
        wide = (None if tensor is None else cast(tensor, "float32") for tensor in tensors)
        return cast(compute(*wide), dtype)

    return computed
