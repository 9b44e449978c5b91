"""Sequences of one length from those of several."""

from typing import TYPE_CHECKING

from convdispatch.doors.elsewhere import finder
from convdispatch.training.sequences import pad_sequences

__all__ = ["pad_sequences"]

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = finder(__name__)
