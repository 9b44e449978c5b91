"""Codes of classes, and arrays of norm 1."""

from convdispatch.training.codes import normalize, to_categorical

__all__ = ["normalize", "to_categorical"]
