"""The modules of `asv_benches.peers`, which lie in the checkout and not in the package."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from places import ROOT


def part(name: str) -> Any:
    """Return a module of the comparison."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        return importlib.import_module(f"asv_benches.peers.{name}")
