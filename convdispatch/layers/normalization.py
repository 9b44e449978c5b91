"""The normalization layers under Keras 2's module path, `layers.normalization`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._normalization import BatchNormalization

__all__ = ["BatchNormalization"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
