"""Models made of layers."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.models._model import Model
from convdispatch.models._reading import model_from_json
from convdispatch.models._sequential import Sequential
from convdispatch.support.documents import DocumentLimits

__all__ = ["DocumentLimits", "Model", "Sequential", "model_from_json"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
