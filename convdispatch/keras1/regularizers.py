"""Keras 1's regularizers: `get` by name, and each name as an attribute."""

from collections.abc import Mapping
from typing import Any

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import regularizers
from convdispatch.formulas.custom_objects import deserializer


def get(identifier: Any, kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer that a name, a configuration or an object stands for."""
    named = {"name": identifier, **kwargs} if isinstance(identifier, str) and kwargs else identifier
    return regularizers.get(named, table=regularizers.KERAS1)


deserialize = deserializer(get)
serialize = regularizers.serialize
__getattr__ = attributes_of(__name__, regularizers.KERAS1)
