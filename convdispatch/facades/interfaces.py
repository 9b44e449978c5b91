"""Keras 2's `legacy.interfaces`: calls in Keras 1's words, with a warning that says Keras 2's.

The rules are a table, `doors.old_interfaces`. Scripts of layers of their own import these, too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from convdispatch.doors.old_interfaces import INTERFACES, Interface
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.facades import old_arguments
from convdispatch.support.warnings import warn

_Function = TypeVar("_Function", bound=Callable[..., Any])
Prepared = tuple[Sequence[Any], dict[str, Any], list[tuple[str, str | None]]]

_LONGEST = 10  # letters of a value in a warning


def translated(
    name: str, interface: Interface, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return a call's arguments in Keras 2's words, with a warning where they were Keras 1's.

    args: with the object itself first.
    """
    if not interface.prepare and interface.words.isdisjoint(kwargs):
        return args, kwargs
    converted: list[tuple[str, str | None]] = []
    if interface.prepare:
        prepare: Callable[..., Prepared] = getattr(old_arguments, interface.prepare)
        args, kwargs, converted = prepare(args, kwargs)
    for key, values in interface.values.items():
        if key in kwargs and kwargs[key] in values:
            kwargs[key] = values[kwargs[key]]
    for old, new in interface.conversions.items():
        if old in kwargs:
            value = kwargs.pop(old)
            if new in kwargs:
                raise InvalidType(
                    f"For the `{new}` argument, the layer received both the legacy keyword "
                    f"argument `{old}` and the Keras 2 keyword argument `{new}`. Stick to the "
                    "latter!"
                )
            kwargs[new] = value
            converted.append((new, old))
    if converted:
        warn(f"Update your `{name}` call to the Keras 2 API: {_call(name, args[1:], kwargs)}")
    return args, kwargs


def _call(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return a call as Keras writes it in its warning."""
    given = [_shown(one) for one in args]
    given += [f"{word}={_shown(value)}" for word, value in kwargs.items()]
    return f"`{name}({', '.join(given)})`"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    text = "array" if isinstance(value, np.ndarray) else str(value)
    return f"{text[:_LONGEST]}..." if len(text) > _LONGEST else text


def generate_legacy_interface(
    allowed_positional_args: Sequence[str] | None = None,
    conversions: Iterable[tuple[str, str]] | None = None,
    preprocessor: Callable[..., Any] | None = None,
    value_conversions: Mapping[str, Mapping[Any, Any]] | None = None,
    object_type: str = "class",
) -> Callable[[_Function], _Function]:
    """Return a decorator by which a function takes Keras 1's words, as Keras 2's own layers do.

    object_type: whether warnings name the class of the first argument, or else the function.
    """
    interface = Interface(conversions=dict(conversions or ()), values=value_conversions or {})
    allowed = None if allowed_positional_args is None else tuple(allowed_positional_args)

    def legacy_support(function: _Function) -> _Function:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            is_class = object_type == "class"
            name = type(args[0]).__name__ if is_class else function.__name__
            given: Sequence[Any] = args
            if preprocessor is not None:
                given, kwargs, converted = preprocessor(args, kwargs)
                if converted:
                    warn(f"Update your `{name}` call to the Keras 2 API.")
            if allowed is not None and len(given) > len(allowed) + 1:
                raise InvalidType(
                    f"`{name}` can accept only {len(allowed)} positional arguments {allowed}, but "
                    f"you passed the following positional arguments: {list(given[1:])}"
                )
            given, kwargs = translated(name, interface, given, kwargs)
            return function(*given, **kwargs)

        wrapper._original_function = function  # type: ignore[attr-defined]  # as Keras calls it
        return wrapper  # type: ignore[return-value]  # it takes what the function takes

    return legacy_support


def raise_duplicate_arg_error(old_arg: str, new_arg: str) -> None:
    """Raise the error for an argument that was given under both names."""
    raise InvalidArgument(
        f"`{new_arg}` was given, and so was Keras 1's name of it, `{old_arg}`. Give the first only."
    )


def _support(interface: Interface) -> Callable[[_Function], _Function]:
    prepare = getattr(old_arguments, interface.prepare) if interface.prepare else None
    return generate_legacy_interface(
        interface.positional, tuple(interface.conversions.items()), prepare, interface.values
    )


# Under Keras's own names: the decorators, and the functions that prepare arguments.
globals().update({name: _support(interface) for name, interface in INTERFACES.items()})
globals().update({name: getattr(old_arguments, name) for name in old_arguments.__all__})
