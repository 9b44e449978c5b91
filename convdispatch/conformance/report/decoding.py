"""From parsed JSON to frozen dataclasses, refusing what does not fit their annotations.

A report comes from a file that anybody may have edited. Every type is checked once, when the file
is read, and never again. Only the kinds of annotation that reports use are supported.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeAlias

Reader: TypeAlias = Callable[[Any], Any]


class Misfit(Exception):  # noqa: N818 - it is an answer for `records`, and never leaves it
    """A value is not of the kind that is annotated; `where` is its place, innermost first."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.where: list[str] = []

    def __str__(self) -> str:
        place = "".join(reversed(self.where)).removeprefix(".")
        return f"{place or 'the top level'} {self.args[0]}"


@lru_cache(maxsize=128)
def reader(kind: Any) -> Reader:
    """Return a function from parsed JSON to a value of that kind; it raises `Misfit`.

    >>> reader(tuple[tuple[int, int], ...])([[0, 1], [2, -1]])
    ((0, 1), (2, -1))
    """
    if is_dataclass(kind):
        return _dataclass(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _tuple(arguments)
    if origin is Mapping:
        return _mapping(arguments[1])
    if origin in (typing.Union, types.UnionType):
        return _optional(next(one for one in arguments if one is not type(None)))
    return lambda value: value if kind is object else _plain(value, kind)


def _plain(value: Any, kind: type) -> Any:
    # In Python True is an int, and writers of JSON write 1 for a float.
    allowed = (int, float) if kind is float else (kind,)
    if type(value) not in allowed or (kind is float and not _is_finite(value)):
        raise Misfit(f"is {_short(value)}; expected {_NAMES[kind]}")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of many digits
        return False


_NAMES = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}


def _dataclass(kind: Any) -> Reader:
    hints = typing.get_type_hints(kind)
    readers = {field.name: reader(hints[field.name]) for field in fields(kind)}
    required = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def read(value: Any) -> Any:
        given = _object(value)
        missing, unknown = sorted(required - given.keys()), sorted(given.keys() - readers.keys())
        if missing or unknown:
            raise Misfit(f"lacks the fields {missing} and has the unknown fields {unknown}")
        return kind(**{name: _at(f".{name}", readers[name], one) for name, one in given.items()})

    return read


def _tuple(arguments: tuple[Any, ...]) -> Reader:
    item = reader(arguments[0])
    length = None if arguments[-1] is ... else len(arguments)

    def read(value: Any) -> Any:
        if type(value) is not list or (length is not None and len(value) != length):
            wanted = "a list" if length is None else f"a list of {length}"
            raise Misfit(f"is {_short(value)}; expected {wanted}")
        return tuple(_at(f"[{index}]", item, one) for index, one in enumerate(value))

    return read


def _mapping(kind: Any) -> Reader:
    item = reader(kind)
    return lambda value: {
        name: _at(f"[{name!r}]", item, one) for name, one in _object(value).items()
    }


def _optional(kind: Any) -> Reader:
    item = reader(kind)
    return lambda value: None if value is None else item(value)


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Misfit(f"is {_short(value)}; expected an object")
    return value


def _at(place: str, read: Reader, value: Any) -> Any:
    try:
        return read(value)
    except Misfit as misfit:
        misfit.where.append(place)
        raise


def _short(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # a whole number of too many digits to be written
        text = "a huge number"
    return text if len(text) <= 60 else f"{text[:57]}..."
