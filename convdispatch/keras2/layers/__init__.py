"""The layers of Keras 2.2.4."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.keras2.layers.convolutional import *  # noqa: F403  # named in its __all__
from convdispatch.keras2.layers.convolutional import __all__ as _convolutional
from convdispatch.keras2.layers.core import Dropout
from convdispatch.keras2.layers.normalization import BatchNormalization
from convdispatch.layers import Input, InputLayer

__all__ = ["BatchNormalization", "Dropout", "Input", "InputLayer", *_convolutional]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
