"""The normalization layers of Keras 2.2.4, under its module path."""

from typing import TYPE_CHECKING

from convdispatch import layers
from convdispatch.doors.elsewhere import finder
from convdispatch.keras2.layers._vocabulary import Keras2Layer

__all__ = ["BatchNormalization"]


class BatchNormalization(Keras2Layer, layers.BatchNormalization):
    """`convdispatch.layers.BatchNormalization` with Keras 2's vocabulary and moving variance.

    The moving variance is an estimate of the population's: of a batch with n numbers a channel it
    takes n / (n - 1 - epsilon) times the variance.
    """

    estimates_population = True


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
