"""The recurrent layers under Keras 2's module path, `layers.recurrent`."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.layers._gru import GRU
from convdispatch.layers._lstm import LSTM
from convdispatch.layers._simple_rnn import SimpleRNN

__all__ = ["GRU", "LSTM", "SimpleRNN"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
