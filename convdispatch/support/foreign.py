"""Call other people's code: a plugin may fail, but must not end the program.

An exception that ends something (`sys.exit`, pytest's outcomes, a cancelled task) passes every
`except Exception`, and a program that a plugin ends this way prints nothing and exits with 0.
Nothing here knows what a plugin is for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from convdispatch.errors import PluginError
from convdispatch.support.standard_output import caught_from_plugin

_LONGEST = 200  # characters of a value that are shown

P = ParamSpec("P")
T = TypeVar("T")


def call(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the foreign function's result; raise `PluginError` if it would end the program.

    An `Exception` passes, and so does the user's Ctrl-C.
    """
    try:
        return function(*args, **kwargs)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as exc:
        raise PluginError(f"it raised {said(exc)}, which would have ended the program") from exc


def quietly(function: Callable[[], T]) -> T:
    """Return the result of a plugin's function as `call` does; raise `PluginError` if it prints."""
    process = os.getpid()
    with caught_from_plugin() as printed:
        try:
            result = call(function)
        finally:
            # A forked child that returns, or raises, would run the program again.
            if os.getpid() != process:
                os._exit(1)
    if text := printed():
        raise PluginError(
            f"it wrote to standard output, which belongs to the program: {text!r}. Use the module "
            "logging, or standard error."
        )
    return result


def said(exc: BaseException) -> str:
    """Return the exception's class and message on one line, even if its `__str__` fails.

    Without a full stop at the end: it is a part of a sentence.

    >>> said(ValueError("no  way."))
    'ValueError: no way'
    """
    try:
        text = " ".join(call(str, exc).split()).rstrip(".")
    except Exception as failure:  # noqa: BLE001 - whatever a foreign __str__ raises
        text = f"(its message raised {type(failure).__name__})"
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def shown(value: object) -> str:
    """Return a short `repr` of a foreign value, even if its `__repr__` fails.

    >>> shown("x" * 1000)[-5:]
    'x ...'
    """
    try:
        text = " ".join(call(repr, value).split())
    except Exception:  # noqa: BLE001 - whatever a foreign __repr__ raises
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
