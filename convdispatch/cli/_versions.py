"""Versions of installed distributions, read from their metadata without importing them."""

from __future__ import annotations

import importlib.metadata


def version_of(module: str) -> str | None:
    """Return the version of the distribution that brings `module`, or None if none does."""
    for name in (module, *importlib.metadata.packages_distributions().get(module, ())):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a variant such as tensorflow-cpu has another name than its module
    return None
