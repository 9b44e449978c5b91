"""Calling what others have written: a plugin may fail, and may not end the program by it.

`sys.exit`, pytest's outcomes, a cancelled task: what is raised to end something passes every
`except Exception`, and a program that a plugin ends so says nothing and exits with 0. Nothing here
knows what a plugin is for.
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
    """Return what the foreign function does; raise `PluginError` where it would end the program.

    What it raises as an `Exception` passes, and so does the user's Ctrl-C.
    """
    try:
        return function(*args, **kwargs)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as exc:
        raise PluginError(f"it raised {said(exc)}, which would have ended the program") from exc


def quietly(function: Callable[[], T]) -> T:
    """Return what a plugin's function does; raise `PluginError` where it prints, as `call` does."""
    process = os.getpid()
    with caught_from_plugin() as printed:
        try:
            result = call(function)
        finally:
            # A forked child that came back, by raising too, would run the program again.
            if os.getpid() != process:
                os._exit(1)
    if text := printed():
        raise PluginError(
            f"it wrote to standard output, which belongs to the program: {text!r}. Use the module "
            "logging, or standard error."
        )
    return result


def said(exc: BaseException) -> str:
    """Return the exception's class and message on one line, also where it cannot say its own.

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
    """Return a short `repr` of a foreign value, also where it has none.

    >>> shown("x" * 1000)[-5:]
    'x ...'
    """
    try:
        text = " ".join(call(repr, value).split())
    except Exception:  # noqa: BLE001 - whatever a foreign __repr__ raises
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
