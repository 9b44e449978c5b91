"""Models made of layers."""

from typing import TYPE_CHECKING

from convdispatch._documents import DocumentLimits
from convdispatch._elsewhere import finder
from convdispatch.models._sequential import Sequential
from convdispatch.models._serialization import model_from_json

__all__ = ["DocumentLimits", "Sequential", "model_from_json"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
