"""Which backends exist, and loading one of them."""

from convdispatch.runtime.registry import (
    AVAILABLE,
    BROKEN,
    TOO_OLD,
    UNAVAILABLE,
    Registry,
    registry,
)

__all__ = [
    "AVAILABLE",
    "BROKEN",
    "TOO_OLD",
    "UNAVAILABLE",
    "Registry",
    "registry",
]
