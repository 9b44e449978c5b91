"""Make a table of names reachable as attributes of a façade's module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def attributes_of(module: str, table: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return a module's `__getattr__` that looks names up in `table`."""

    def find(name: str) -> Any:
        if name in table:
            return table[name]
        raise AttributeError(
            f"module {module!r} has no attribute {name!r}; it has: {', '.join(sorted(table))}."
        )

    return find
