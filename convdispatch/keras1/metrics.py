"""Keras 1's metrics: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, metrics

get = partial(metrics.get, table=metrics.KERAS1)
deserialize = custom_objects.deserializer(get)
serialize = metrics.serialize
__getattr__ = attributes_of(__name__, metrics.KERAS1)
