"""Models made of layers."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.models._model import Model
from convdispatch.models._reading import model_from_json
from convdispatch.models._sequential import Sequential
from convdispatch.models.cloning import clone_model
from convdispatch.models.files.loading import load_model
from convdispatch.models.files.writing import save_model
from convdispatch.saving.limits import FileLimits
from convdispatch.support.documents import DocumentLimits

__all__ = [
    "DocumentLimits",
    "FileLimits",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
