"""Keras 2's regularizers: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, regularizers

get = partial(regularizers.get, table=regularizers.KERAS2)
deserialize = custom_objects.deserializer(get)
serialize = regularizers.serialize
__getattr__ = attributes_of(__name__, regularizers.KERAS2)
