"""The layers, spelled as in Keras 2 with what Keras 3 adds."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.engine.layer import Layer
from convdispatch.layers._input import Input, InputLayer
from convdispatch.layers._noise import Dropout
from convdispatch.layers._normalization import BatchNormalization
from convdispatch.layers.convolutional import *  # noqa: F403  # the door names them in __all__
from convdispatch.layers.convolutional import __all__ as _convolutional

__all__ = ["BatchNormalization", "Dropout", "Input", "InputLayer", "Layer", *_convolutional]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
