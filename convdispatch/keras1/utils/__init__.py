"""Helpers under Keras 1's module path."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.keras1.utils import np_utils as np_utils

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
