"""Half precision, computed in float32 and rounded once, also for gradients."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, TypeAlias

from convdispatch.ops import HALF_DTYPES

Function: TypeAlias = Callable[..., Any]


def computed_in(dtype: str) -> str:
    """Return the element type that tensors of the given one are computed in."""
    return "float32" if dtype in HALF_DTYPES else dtype


def rounded_once(compute: Function, dtype: str, cast: Callable[[Any, str], Any]) -> Function:
    """Return `compute`, a function of tensors of that element type; `cast` is the backend's."""
    if dtype not in HALF_DTYPES:
        return compute

    def computed(*tensors: Any) -> Any:
        wide = (None if tensor is None else cast(tensor, "float32") for tensor in tensors)
        return cast(compute(*wide), dtype)

    return computed


def rounding(
    *, halves: Container[Any], single: Any, cast: Callable[[Any, Any], Any]
) -> tuple[Callable[[Function], Function], Callable[[Function], Function]]:
    """Return two decorators for functions of the table, whose tensors may have any element type.

    The first is for functions of one tensor and any other arguments. The second is for functions of
    tensors and numbers; it checks the types of the last two. `halves` are the framework's own
    element types of half precision, `single` is its float32, and `cast(tensor, type)` takes one of
    them.
    """

    def rounded_once(function: Function) -> Function:
        def computed(x: Any, *arguments: Any, **options: Any) -> Any:
            if x.dtype not in halves:
                return function(x, *arguments, **options)
            return cast(function(cast(x, single), *arguments, **options), x.dtype)

        return computed

    def rounded_once_of_several(function: Function) -> Function:
        def computed(*arguments: Any) -> Any:
            last = arguments[-1]  # at nearly every call it says enough
            if hasattr(last, "dtype") and last.dtype not in halves:
                return function(*arguments)
            dtypes = {a.dtype for a in arguments[-2:] if hasattr(a, "dtype")}
            # Not compared with None, because some element types raise then.
            if len(dtypes) != 1 or (dtype := dtypes.pop()) not in halves:
                return function(*arguments)
            wide = (
                cast(a, single) if hasattr(a, "dtype") and a.dtype == dtype else a
                for a in arguments
            )
            return cast(function(*wide), dtype)

        return computed

    return rounded_once, rounded_once_of_several
