"""Keras 1's regularizers: `get` by name, and each name as an attribute."""

from collections.abc import Mapping
from typing import Any

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, regularizers


def get(identifier: Any, kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer that a name, a configuration or an object stands for.

    kwargs: what the class of that name is made with.

    >>> get("l1l2", {"l1": 0.5}).get_config()["l1"]
    0.5
    """
    named = {"name": identifier, **kwargs} if isinstance(identifier, str) and kwargs else identifier
    return regularizers.get(named, table=regularizers.KERAS1)


deserialize = custom_objects.deserializer(get)
serialize = regularizers.serialize
__getattr__ = attributes_of(__name__, regularizers.KERAS1)
