"""Computing in float64 on every backend, for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def in_float64(backend_name: str) -> Iterator[None]:
    """Let the backend compute in float64 where that is a mode to be switched on."""
    if backend_name != "jax":
        yield
        return
    import jax

    with jax.enable_x64(True):
        yield
