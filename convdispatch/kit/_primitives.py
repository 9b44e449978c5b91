"""The parts of a backend that derivations call; nothing here computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from convdispatch.ops import Op, Signature


class Primitives(Protocol):
    """A backend as a derivation sees it; it also calls `functions` and `cast`.

    A backend may lack these two until it is loaded.
    """

    name: str

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        """Return a function that computes `op`."""

    def asarray(self, value: Any, dtype: str) -> Any:
        """Return a native constant tensor of that element type."""


class Converts(Protocol):
    """A backend's conversions between its tensors and NumPy's arrays."""

    def owns(self, value: object) -> bool:
        """Return whether `value` is a tensor of the backend."""

    def asarray(self, value: Any, dtype: str) -> Any:
        """Return a native constant tensor of that element type."""

    def to_numpy(self, tensor: Any) -> Any:
        """Return the values as a NumPy array."""


def functions_of(backend: Primitives) -> Mapping[str, Callable[..., Any]]:
    """Return the backend's table of functions."""
    table: Mapping[str, Callable[..., Any]] = cast(Any, backend).functions
    return table


def cast_of(backend: Primitives) -> Callable[[Any, str], Any]:
    """Return the backend's `cast`."""
    method: Callable[[Any, str], Any] = cast(Any, backend).cast
    return method
