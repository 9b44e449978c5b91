"""Helpers under Keras 1's module path."""

from convdispatch.keras1.utils import np_utils as np_utils
