"""Models under Keras 1's module path."""

from typing import TYPE_CHECKING, Any

from convdispatch import models
from convdispatch.doors.elsewhere import finder
from convdispatch.facades.model_readers import Readers
from convdispatch.facades.models import make_model
from convdispatch.formulas.dialects import KERAS1
from convdispatch.models.files.writing import save_model

__all__ = [
    "Model",
    "Sequential",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]

Sequential: Any = make_model(models.Sequential, KERAS1, __name__)
Model: Any = make_model(models.Model, KERAS1, __name__)

_READERS = Readers((Sequential, Model), "convdispatch.keras1.layers")
load_model = _READERS.load_model
model_from_config = _READERS.model_from_config
model_from_json = _READERS.model_from_json
model_from_yaml = _READERS.model_from_yaml

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
