"""Keras 2's initializers: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import initializers
from convdispatch.formulas.custom_objects import deserializer
from convdispatch.formulas.initializers import fans_keras2

Initializer = initializers.Initializer  # the base of a script's own

get = partial(initializers.get, table=initializers.KERAS2)
deserialize = deserializer(get)
serialize = initializers.serialize
_compute_fans = fans_keras2  # initializers of a script's own ask it
__getattr__ = attributes_of(__name__, initializers.KERAS2)
