"""Versions of installed distributions, read from their metadata without importing them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator


def version_of(module: str) -> str | None:
    """Return the version of the distribution that installs `module`, or None if none does."""
    for name in _distributions(module):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _distributions(module: str) -> Iterator[str]:
    yield module
    # A variant such as tensorflow-cpu has a different name from its module. To find it, all
    # metadata must be read, which is slow and rarely necessary.
    yield from importlib.metadata.packages_distributions().get(module, ())
