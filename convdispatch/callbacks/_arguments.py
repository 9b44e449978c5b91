"""Clear errors for arguments of callbacks that do not exist."""

from __future__ import annotations

import functools
import inspect
from typing import Any, TypeVar

from convdispatch.formulas.keywords import require_stated

_Class = TypeVar("_Class", bound=type)


def names_arguments(callback: _Class) -> _Class:
    """Let the constructor name the argument that was meant by one with a typing error."""
    made: Any = callback
    like = made.__init__
    stated = list(inspect.signature(like).parameters)[1:]

    @functools.wraps(like)
    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        require_stated(keywords, stated, callback.__name__)
        like(self, *arguments, **keywords)

    made.__init__ = init
    return callback
