"""Models under Keras 2's module path."""

from convdispatch.models import Sequential, model_from_json

__all__ = ["Sequential", "model_from_json"]
