"""Read untrusted documents: refuse bad ones before anything is made from them.

A document is the result of `get_config` or `to_json`, here or in a Keras, possibly changed by
somebody. Every fault of a document is an `InvalidDocument`. Nothing here runs, imports or opens
anything that a document names.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType

_LONGEST_MESSAGE = 1500
_MOST_BITS = 64  # of an integer; the sizes and seeds of real documents have fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """Limits on what a document may ask for; raise them for a document that you trust.

    `depth` counts nested lists and objects, `values` all of the document's, `layers` those of a
    model, `parameters` the numbers in all weights that loading it makes.

    >>> DocumentLimits(parameters=10**9).depth
    64
    """

    depth: int = 64
    values: int = 1_000_000
    layers: int = 10_000
    parameters: int = 100_000_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidArgument(
                    f"`{field.name}` of DocumentLimits must be an integer, at least 0; received "
                    f"{value!r}."
                )

    def require(self, name: str, value: int, what: str) -> None:
        """Raise `InvalidDocument` if `value` is above the limit of that name."""
        limit = getattr(self, name)
        if value > limit:
            raise InvalidDocument(
                f"{what}; the limit `{name}` is {limit:,}. If you trust the document, give "
                f"`limits=DocumentLimits({name}=...)` of convdispatch.models."
            )


DEFAULT_LIMITS = DocumentLimits()


def parsed(text: object, limits: DocumentLimits = DEFAULT_LIMITS) -> Any:
    """Return the value of a JSON text, or raise `InvalidDocument`."""
    if not isinstance(text, str):
        raise InvalidDocument(f"`json_string` must be a string; received {type(text).__name__}.")
    try:
        document = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as exc:
        raise InvalidDocument(
            f"`json_string` is not JSON: {exc.msg} in line {exc.lineno}, column {exc.colno}."
        ) from exc
    except RecursionError as exc:
        raise InvalidDocument("`json_string` is nested too deeply for a model's JSON.") from exc
    except InvalidDocument:
        raise
    except ValueError as exc:  # an integer of thousands of digits
        raise InvalidDocument(f"`json_string` has a number that cannot be read: {exc}.") from exc
    require_readable(document, limits)
    return document


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidDocument(
                f"`json_string` has an object with the key {shown(key)} twice; which one counts "
                "is not defined. Keep one."
            )
        found[key] = value
    return found


def require_readable(document: object, limits: DocumentLimits = DEFAULT_LIMITS) -> None:
    """Raise `InvalidDocument` unless the document is of bounded depth and size, and printable.

    Afterwards all of it can be compared, named in a message and written as UTF-8.
    """
    waiting: list[tuple[object, int]] = [(document, 1)]
    count = 0
    while waiting:
        value, depth = waiting.pop()
        if value is None or isinstance(value, float):  # most of all values, and quickly told
            continue
        if isinstance(value, str):
            _require_text(value)
        elif isinstance(value, int):
            _require_short(value)
        elif isinstance(value, Mapping | list | tuple):
            limits.require("depth", depth, f"the document is nested more than {depth - 1} deep")
            count += len(value)
            limits.require("values", count, f"the document holds at least {count:,} values")
            waiting.extend((child, depth + 1) for child in _children(value))


def _children(value: Mapping[Any, Any] | list[Any] | tuple[Any, ...]) -> Iterable[object]:
    if not isinstance(value, Mapping):
        return value
    for key in value:
        if not isinstance(key, str):
            raise InvalidDocument(
                f"the keys of a document must be strings; received {shown(key)} of type "
                f"{type(key).__name__}."
            )
        _require_text(key)
    return value.values()


def _require_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidDocument(
            f"the document has a string that is not Unicode text: {shown(text)} has half of a "
            "surrogate pair."
        ) from exc


def _require_short(value: int) -> None:
    if value.bit_length() > _MOST_BITS:
        raise InvalidDocument(
            f"the document has an integer of {value.bit_length():,} bits; no size, count or seed "
            f"has more than {_MOST_BITS}."
        )


@contextmanager
def refusing(what: str = "") -> Iterator[None]:
    """Turn errors of making objects from a document into one `InvalidDocument` that says where."""
    where = f"{what}: " if what else ""
    try:
        yield
    except (InvalidArgument, InvalidType) as exc:
        raise InvalidDocument(f"{where}{_shortened(str(exc))}") from exc
    except (OverflowError, RecursionError, MemoryError) as exc:
        raise InvalidDocument(
            f"{where}it asks for more than can be computed, {type(exc).__name__}: "
            f"{_shortened(str(exc)) or 'no memory'}."
        ) from exc


class _Shown(reprlib.Repr):
    """Shows the beginning of any value, even a deep, long or hostile one whose `repr` raises."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 6
        self.maxlist = self.maxtuple = self.maxdict = 12
        self.maxstring = self.maxother = 120

    def repr_int(self, value: int, level: int) -> str:
        """Write an integer, or how large it is: Python refuses to write the largest."""
        if value.bit_length() > 1000:
            return f"an integer of {value.bit_length():,} bits"
        return repr(value)


_SHOWN = _Shown()


def shown(value: object) -> str:
    """Return a value for a message: in ASCII, and shortened if it is long or deep."""
    return _shortened(_SHOWN.repr(value).encode("ascii", "backslashreplace").decode(), 300)


def _shortened(text: str, most: int = _LONGEST_MESSAGE) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} ... {text[-most // 2 :]}"
