"""Models under Keras 1's module path."""

from functools import partial

from convdispatch import models
from convdispatch.models import Sequential

__all__ = ["Sequential", "model_from_json"]

# Real Keras 1's entries name their classes only.
model_from_json = partial(models.model_from_json, door="convdispatch.keras1.layers")
