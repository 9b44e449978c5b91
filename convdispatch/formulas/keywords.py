"""Clear errors for keyword arguments that a function does not have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from convdispatch.errors import InvalidType
from convdispatch.formulas import lookup

_Function = TypeVar("_Function", bound=Callable[..., Any])


def require_stated(
    keywords: Mapping[str, Any],
    stated: Sequence[str],
    owner: str,
    meant: Mapping[str, str] | None = None,
) -> None:
    """Raise `InvalidType` for a keyword that is not among the stated ones.

    owner: whose arguments they are, in messages.
    meant: words of another Keras, with those that are meant.
    """
    for keyword in keywords:
        if keyword not in stated:
            word = (meant or {}).get(keyword)
            hint = f"Write `{word}=`." if word in stated else lookup.hint(keyword, stated)
            raise InvalidType(
                f"unknown argument `{keyword}` of {owner}; allowed: {lookup.quoted(stated)}. {hint}"
            )


def names_keywords(method: _Function) -> _Function:
    """Let a method name the argument that was meant by one with a typing error."""
    stated = list(inspect.signature(method).parameters)[1:]
    owner = f"`{method.__name__}`"

    @functools.wraps(method)
    def call(self: Any, *arguments: Any, **keywords: Any) -> Any:
        if keywords:
            require_stated(keywords, stated, owner)
        return method(self, *arguments, **keywords)

    return call  # type: ignore[return-value]  # it has the method's signature
