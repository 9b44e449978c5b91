"""Keras 2's initializers: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import initializers

Initializer = initializers.Initializer  # the base of a script's own

get = partial(initializers.get, table=initializers.KERAS2)
serialize = initializers.serialize
__getattr__ = attributes_of(__name__, initializers.KERAS2)
