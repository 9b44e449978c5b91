"""Layers that are built without weights, because a file's values follow at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_is_undrawn: ContextVar[bool] = ContextVar("undrawn", default=False)


@contextlib.contextmanager
def without_weights() -> Iterator[None]:
    """Let layers that are built in the block have no values: nothing is drawn, no memory taken.

    `Weighted.fill` has to follow for every layer, before anybody else sees it.
    """
    token = _is_undrawn.set(True)
    try:
        yield
    finally:
        _is_undrawn.reset(token)


def is_undrawn() -> bool:
    """Return whether layers are to be built without weights."""
    return _is_undrawn.get()
