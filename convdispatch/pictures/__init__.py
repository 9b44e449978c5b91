"""Drawings of graphs (boxes, the links between them, and where both lie on a page) and of windows.

Nothing here knows what a layer is: a diagram is text and numbers. Layers know how to be drawn, but
few programs draw: what draws is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convdispatch.pictures.page import folded as folded
    from convdispatch.pictures.page import page_of as page_of
    from convdispatch.pictures.svg import drawn as drawn
    from convdispatch.pictures.windows.picture import Picture as Picture

_HOMES = {"Picture": "windows.picture", "drawn": "svg", "folded": "page", "page_of": "page"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
