"""Keras 2's initializers: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import custom_objects, initializers

Initializer = initializers.Initializer  # the base of a script's own

get = partial(initializers.get, table=initializers.KERAS2)
deserialize = custom_objects.deserializer(get)
serialize = initializers.serialize
_compute_fans = initializers.fans_keras2  # initializers of a script's own ask it
__getattr__ = attributes_of(__name__, initializers.KERAS2)
