"""Codes of classes."""

from convdispatch.training.codes import to_categorical

__all__ = ["to_categorical"]
