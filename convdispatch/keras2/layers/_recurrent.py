"""Keras 2's recurrent layers around cells of a script's own, and its three cells."""

from __future__ import annotations

from typing import Any, ClassVar

from convdispatch.facades.bases import Base
from convdispatch.formulas.dialects import KERAS2, Dialect
from convdispatch.layers._recurrent import Recurrent
from convdispatch.symbolic import own_cells
from convdispatch.symbolic.cells import StackedCells
from convdispatch.symbolic.recurrent import CustomRNN

_DOOR = "convdispatch.keras2.layers"


class SimpleRNNCell(own_cells.SimpleRNNCell):
    """The step of a `SimpleRNN`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR


class GRUCell(own_cells.GRUCell):
    """The step of a `GRU`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR


class LSTMCell(own_cells.LSTMCell):
    """The step of an `LSTM`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR


class StackedRNNCells(StackedCells):
    """Several cells as one."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR


class RNN(CustomRNN, metaclass=Base):
    """A recurrent layer of a cell, or of a list of cells; every recurrent layer counts as one."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR
    covers = (Recurrent,)
    stacked: Any = StackedRNNCells
