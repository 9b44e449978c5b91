"""Find and remember the fastest of several correct ways to compute an op on this machine.

It is off by default. Nothing here decides what an op means: every candidate is compared with the
backend's own choice before it may win. Only the code that reads whether tuning is on is imported at
once, because every layer needs it; the rest is looked up on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from convdispatch.runtime.tuning._requests import USE as USE
from convdispatch.runtime.tuning._requests import Request as Request
from convdispatch.runtime.tuning._requests import current_request as current_request
from convdispatch.runtime.tuning._requests import is_traced as is_traced
from convdispatch.runtime.tuning._requests import outside_trace as outside_trace
from convdispatch.runtime.tuning._requests import requested as requested

if TYPE_CHECKING:
    from convdispatch.runtime.tuning._cache import Winner as Winner
    from convdispatch.runtime.tuning._cache import cache as cache
    from convdispatch.runtime.tuning._choosing import choice as choice
    from convdispatch.runtime.tuning._finding import Finding as Finding

_HOMES = {"Finding": "_finding", "Winner": "_cache", "cache": "_cache", "choice": "_choosing"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
