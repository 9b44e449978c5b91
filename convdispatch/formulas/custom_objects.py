"""Functions and classes of a script's own, by the names under which documents and words ask.

Keras keeps one table of them for the process, and a scope that fills it for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

_OBJECTS: dict[str, Any] = {}


def get_custom_objects() -> dict[str, Any]:
    """Return the table itself: what is put into it is known from then on.

    >>> from convdispatch.keras2 import activations
    >>> get_custom_objects()["doubled"] = lambda x: x + x
    >>> activations.get("doubled")(3)
    6
    >>> get_custom_objects().clear()
    """
    return _OBJECTS


def known(name: object) -> Any:
    """Return what a name stands for in the table, or the name itself."""
    if not isinstance(name, str):
        return name
    return next((_OBJECTS[one] for one in spellings(name) if one in _OBJECTS), name)


def spellings(name: str) -> tuple[str, str]:
    """Return a name, and that without the package under which Keras registers an object.

    >>> spellings("mine>Doubled")
    ('mine>Doubled', 'Doubled')
    """
    return name, name.rpartition(">")[2]


class CustomObjectScope:
    """Knows more names while a `with` block runs; the table is as before afterwards."""

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.custom_objects = objects
        self.backup: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Add the names."""
        self.backup = dict(_OBJECTS)
        for one in self.custom_objects:
            _OBJECTS.update(one)
        return self

    @property
    def known(self) -> dict[str, Any]:
        """A copy of the table as it is."""
        return dict(_OBJECTS)

    def __exit__(self, *_: object) -> None:
        """Take them away."""
        _OBJECTS.clear()
        _OBJECTS.update(self.backup)


def custom_object_scope(*objects: Mapping[str, Any]) -> CustomObjectScope:
    """Return a scope that knows those names."""
    return CustomObjectScope(*objects)


def deserializer(get: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return Keras's `deserialize` of one kind of functions: `get`, with a script's own names."""

    def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        with CustomObjectScope(custom_objects or {}):
            return get(config)

    deserialize.__doc__ = "Return what a name or a configuration stands for; see `get`."
    return deserialize
