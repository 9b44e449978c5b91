"""Helpers under Keras 2's module path."""

from convdispatch.keras2.utils import np_utils as np_utils
from convdispatch.training.codes import Sequence as Sequence
from convdispatch.training.codes import to_categorical as to_categorical
