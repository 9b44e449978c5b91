"""Keras 1's losses, which it calls objectives, under the later name."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, losses

get = partial(losses.get, table=losses.KERAS1)
deserialize = custom_objects.deserializer(get)
serialize = losses.serialize
__getattr__ = attributes_of(__name__, losses.KERAS1)
