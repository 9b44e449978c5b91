"""Models under Keras 2's module path."""

from typing import TYPE_CHECKING, Any

from convdispatch import models
from convdispatch.doors.elsewhere import finder
from convdispatch.facades.model_readers import CompilingReaders
from convdispatch.facades.models import make_model
from convdispatch.formulas.dialects import KERAS2
from convdispatch.models.cloning import clone_model
from convdispatch.models.files.writing import save_model

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]

Sequential: Any = make_model(models.Sequential, KERAS2, __name__)
Model: Any = make_model(models.Model, KERAS2, __name__)

_READERS = CompilingReaders((Sequential, Model), "convdispatch.keras2.layers")
load_model = _READERS.load_model
model_from_config = _READERS.model_from_config
model_from_json = _READERS.model_from_json
model_from_yaml = _READERS.model_from_yaml

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
