"""The layers around a layer under Keras 2's module path, `layers.wrappers`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._bidirectional import Bidirectional
from convdispatch.layers._time_distributed import TimeDistributed

__all__ = ["Bidirectional", "TimeDistributed"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
