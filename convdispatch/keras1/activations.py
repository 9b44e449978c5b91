"""Keras 1's activations: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import activations
from convdispatch.formulas.custom_objects import deserializer

get = partial(activations.get, table=activations.KERAS1)
deserialize = deserializer(get)
serialize = activations.serialize
__getattr__ = attributes_of(__name__, activations.KERAS1)
