"""Keras 1's activations: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import activations, custom_objects

get = partial(activations.get, table=activations.KERAS1)
deserialize = custom_objects.deserializer(get)
serialize = activations.serialize
__getattr__ = attributes_of(__name__, activations.KERAS1)
