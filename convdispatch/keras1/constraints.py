"""Keras 1's constraints: `get` by name, and each name as an attribute."""

from collections.abc import Mapping
from typing import Any

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import constraints, custom_objects


def get(identifier: Any, kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint that a name, a configuration or an object stands for.

    kwargs: what the class of that name is made with.

    >>> get("maxnorm", {"m": 3.0}).m
    3.0
    """
    named = {"name": identifier, **kwargs} if isinstance(identifier, str) and kwargs else identifier
    return constraints.get(named, table=constraints.KERAS1)


deserialize = custom_objects.deserializer(get)
serialize = constraints.serialize
__getattr__ = attributes_of(__name__, constraints.KERAS1)
