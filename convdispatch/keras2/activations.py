"""Keras 2's activations: `get` by name, and each name as an attribute."""

from typing import Any

from convdispatch.doors.attributes import attributes_of
from convdispatch.engine import layer
from convdispatch.formulas import activations, custom_objects
from convdispatch.support import warnings


def get(identifier: Any) -> Any:
    """Return the activation that a name, a configuration or a function stands for.

    >>> get("relu").name
    'relu'
    """
    if isinstance(identifier, layer.Layer):
        warnings.warn(
            f"the layer {identifier.name!r} is given as an activation. Add it after the layer."
        )
    return activations.get(identifier, table=activations.KERAS2)


deserialize = custom_objects.deserializer(get)
serialize = activations.serialize
__getattr__ = attributes_of(__name__, activations.KERAS2)
