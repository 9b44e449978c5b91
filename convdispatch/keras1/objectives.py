"""Keras 1's losses: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import losses
from convdispatch.formulas.custom_objects import deserializer

get = partial(losses.get, table=losses.KERAS1)
deserialize = deserializer(get)
serialize = losses.serialize
__getattr__ = attributes_of(__name__, losses.KERAS1)
