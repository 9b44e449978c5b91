"""The core layers of Keras 2.2.4, under its module path."""

from typing import TYPE_CHECKING

from convdispatch import layers
from convdispatch.doors.elsewhere import finder
from convdispatch.keras2.layers._vocabulary import Keras2Layer

__all__ = ["Dropout"]


class Dropout(Keras2Layer, layers.Dropout):
    """`convdispatch.layers.Dropout` under Keras 2's module path."""


if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
