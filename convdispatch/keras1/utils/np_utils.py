"""Codes of classes, by Keras 1's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convdispatch.facades.modules import opener
from convdispatch.training import codes

__all__ = [
    "categorical_probas_to_classes",
    "normalize",
    "probas_to_classes",
    "to_categorical",
]


def to_categorical(y: Any, nb_classes: int | None = None) -> Any:
    """Return numbers of classes as rows with a 1 at the place of the class, in float64.

    >>> to_categorical([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    return codes.to_categorical(y, nb_classes, "float64")


def normalize(a: Any, axis: int = -1, order: int = 2) -> Any:
    """Return the array with a norm of 1 along the axis, zeros as they are.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    return codes.normalize(a, axis, order)


def probas_to_classes(y_pred: Any) -> Any:
    """Return the class of each row of probabilities, or of the one of class 1.

    >>> probas_to_classes(np.array([[0.25], [0.75]]))
    array([0, 1])
    """
    if len(y_pred.shape) > 1 and y_pred.shape[1] > 1:
        return categorical_probas_to_classes(y_pred)
    return np.array([1 if one > 0.5 else 0 for one in y_pred])


def categorical_probas_to_classes(p: Any) -> Any:
    """Return the class of the highest probability of each row.

    >>> categorical_probas_to_classes(np.array([[0.25, 0.75]]))
    array([1])
    """
    return np.argmax(p, axis=1)


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
