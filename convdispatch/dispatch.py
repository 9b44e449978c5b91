"""From a resolved op to the callable that computes it."""

from convdispatch.runtime.dispatch import (
    lower,
)

__all__ = [
    "lower",
]
