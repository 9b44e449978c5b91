"""Keras 2's losses: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, losses

get = partial(losses.get, table=losses.KERAS2)
deserialize = custom_objects.deserializer(get)
serialize = losses.serialize
__getattr__ = attributes_of(__name__, losses.KERAS2)
