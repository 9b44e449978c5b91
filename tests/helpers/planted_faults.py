"""Ways to plant one fault in NumPy's backend, for tests that a check finds it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from convdispatch.ops import Conv, ConvTranspose
from convdispatch_numpy._backend import backend as honest

Function = Callable[..., Any]
CONVOLUTIONS = (Conv, ConvTranspose)
# Kept, so that a fault may be planted in the backend itself.
lower_honestly = honest.lower


def faulty(**parts: Any) -> Any:
    """Return NumPy's backend with these attributes instead of its own, under another name."""
    names = [name for name in dir(honest) if not name.startswith("_")]
    return SimpleNamespace(
        **{name: getattr(honest, name) for name in names} | {"name": "f"} | parts
    )


def after(change: Function, kinds: tuple[type, ...] = CONVOLUTIONS) -> Function:
    """Return a `lower` whose functions' results are changed: change(result, op, arguments)."""

    def lower(op: Any, signature: Any) -> Function:
        function = lower_honestly(op, signature)
        if not isinstance(op, kinds):
            return function
        return lambda *arguments: change(function(*arguments), op, arguments)

    return lower


def before(change: Function, kinds: tuple[type, ...] = CONVOLUTIONS) -> Function:
    """Return a `lower` whose functions' arguments are changed: change(op, *arguments)."""

    def lower(op: Any, signature: Any) -> Function:
        function = lower_honestly(op, signature)
        if not isinstance(op, kinds):
            return function
        return lambda *arguments: function(*change(op, *arguments))

    return lower


def misread(change: Function, kinds: tuple[type, ...] = CONVOLUTIONS) -> Function:
    """Return a `lower` that lowers another op: change(op)."""

    def lower(op: Any, signature: Any) -> Function:
        return lower_honestly(change(op) if isinstance(op, kinds) else op, signature)

    return lower
