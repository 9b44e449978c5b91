"""Which backends exist, and loading one of them."""

from convdispatch.runtime.registry import (
    AVAILABLE,
    BROKEN,
    UNAVAILABLE,
    Registry,
    registry,
)

__all__ = [
    "AVAILABLE",
    "BROKEN",
    "UNAVAILABLE",
    "Registry",
    "registry",
]
