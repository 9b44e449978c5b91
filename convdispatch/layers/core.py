"""The core layers under Keras 2's module path, `layers.core`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._activation import Activation
from convdispatch.layers._activity_regularization import ActivityRegularization
from convdispatch.layers._dense import Dense
from convdispatch.layers._flatten import Flatten
from convdispatch.layers._lambda import Lambda
from convdispatch.layers._masking import Masking
from convdispatch.layers._noise import Dropout
from convdispatch.layers._rearranging import Permute, RepeatVector, Reshape
from convdispatch.layers._spatial_dropout import (
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Dense",
    "Dropout",
    "Flatten",
    "Lambda",
    "Masking",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
