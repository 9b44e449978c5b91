"""Codes of classes, by Keras 1's words."""

from __future__ import annotations

from typing import Any

from convdispatch.training import codes

__all__ = ["to_categorical"]


def to_categorical(y: Any, nb_classes: int | None = None) -> Any:
    """Return numbers of classes as rows with a 1 at the place of the class, in float64.

    >>> to_categorical([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    return codes.to_categorical(y, nb_classes, "float64")
