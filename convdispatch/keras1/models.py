"""Models under Keras 1's module path."""

from functools import partial
from typing import TYPE_CHECKING, Any

from convdispatch import models
from convdispatch.doors.elsewhere import finder
from convdispatch.facades.models import make_model
from convdispatch.formulas.dialects import KERAS1
from convdispatch.models._reading import read_model
from convdispatch.models._writing import save_model

__all__ = ["Model", "Sequential", "model_from_json", "save_model"]

Sequential: Any = make_model(models.Sequential, KERAS1, __name__)
Model: Any = make_model(models.Model, KERAS1, __name__)

# Real Keras 1's entries name their classes only.
model_from_json = partial(
    read_model, classes=(Sequential, Model), door="convdispatch.keras1.layers"
)

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
