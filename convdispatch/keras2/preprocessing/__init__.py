"""Preparing data under Keras 2's module path."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.keras2.preprocessing import sequence as sequence

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
