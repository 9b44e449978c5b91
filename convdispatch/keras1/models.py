"""Models under Keras 1's module path."""

from functools import partial
from typing import TYPE_CHECKING

from convdispatch import models
from convdispatch.doors.elsewhere import finder
from convdispatch.models import Sequential

__all__ = ["Sequential", "model_from_json"]

# Real Keras 1's entries name their classes only.
model_from_json = partial(models.model_from_json, door="convdispatch.keras1.layers")

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
