"""Models as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["print_summary"]


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], None] | None = None,
) -> None:
    """Print what `model.summary` with the same arguments prints."""
    model.summary(line_length, positions, print_fn)
