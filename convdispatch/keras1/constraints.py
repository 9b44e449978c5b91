"""Keras 1's constraints: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch.doors.attributes import attributes_of
from convdispatch.formulas import constraints

get = partial(constraints.get, table=constraints.KERAS1)
serialize = constraints.serialize
__getattr__ = attributes_of(__name__, constraints.KERAS1)
