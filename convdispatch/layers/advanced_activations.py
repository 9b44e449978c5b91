"""The activations with parameters under Keras 2's module path, `layers.advanced_activations`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._advanced_activations import (
    ELU,
    LeakyReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
)
from convdispatch.layers._prelu import PReLU

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
