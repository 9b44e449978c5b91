"""Make a table of names reachable as attributes of a façade's module."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.doors.elsewhere import missing
from convdispatch.doors.not_offered import MORE


def attributes_of(module: str, table: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return a module's `__getattr__` that looks names up in `table`."""

    def find(name: str) -> Any:
        if name in table:
            return table[name]
        if MORE:
            raise missing(module, name, sys._getframe(1))
        raise AttributeError(
            f"module {module!r} has no attribute {name!r}; it has: {', '.join(sorted(table))}."
        )

    return find
