"""Keras 2's constraints: `get` by name, and each name as an attribute."""

from functools import partial

from convdispatch import constraints
from convdispatch._facades import attributes_of

get = partial(constraints.get, table=constraints.KERAS2)
serialize = constraints.serialize
__getattr__ = attributes_of(__name__, constraints.KERAS2)
