"""Keras 2's activations: `get` by name, and each name as an attribute."""

from typing import Any

from convdispatch.doors.attributes import attributes_of
from convdispatch.engine.layer import Layer
from convdispatch.formulas import activations
from convdispatch.formulas.custom_objects import deserializer
from convdispatch.support.warnings import warn


def get(identifier: Any) -> Any:
    """Return the activation that a name, a configuration or a function stands for."""
    if isinstance(identifier, Layer):
        warn(f"the layer {identifier.name!r} is given as an activation. Add it after the layer.")
    return activations.get(identifier, table=activations.KERAS2)


deserialize = deserializer(get)
serialize = activations.serialize
__getattr__ = attributes_of(__name__, activations.KERAS2)
