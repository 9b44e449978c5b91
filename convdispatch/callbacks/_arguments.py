"""Clear errors for arguments of callbacks that do not exist."""

from __future__ import annotations

import functools
import inspect
from typing import Any, TypeVar

from convdispatch.errors import InvalidType
from convdispatch.formulas import lookup

_Class = TypeVar("_Class", bound=type)


def names_arguments(callback: _Class) -> _Class:
    """Let the constructor name the argument that was meant by one with a typing error."""
    made: Any = callback
    like = made.__init__
    stated = list(inspect.signature(like).parameters)[1:]

    @functools.wraps(like)
    def init(self: Any, *arguments: Any, **keywords: Any) -> None:
        for keyword in keywords:
            if keyword not in stated:
                raise InvalidType(
                    f"unknown argument `{keyword}` of {callback.__name__}; allowed: "
                    f"{lookup.quoted(stated)}. {lookup.hint(keyword, stated)}"
                )
        like(self, *arguments, **keywords)

    made.__init__ = init
    return callback
