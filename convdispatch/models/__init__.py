"""Models made of layers."""

from convdispatch.models._sequential import Sequential
from convdispatch.models._serialization import model_from_json

__all__ = ["Sequential", "model_from_json"]
