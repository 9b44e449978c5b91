"""Layers of Keras 1 that Keras 2 kept for its users, in Keras 1's words."""

from __future__ import annotations

from typing import ClassVar

from convdispatch.facades.bases import Base
from convdispatch.formulas.dialects import KERAS2, Dialect
from convdispatch.layers._recurrent import Recurrent as AnyRecurrent
from convdispatch.symbolic import retired
from convdispatch.symbolic.recurrent_of_keras1 import CustomRecurrent

_DOOR = "convdispatch.keras2.layers"


class MaxoutDense(retired.MaxoutDense):
    """The greatest of several linear functions."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR


class Highway(retired.Highway):
    """A dense layer beside its input, with a gate between them."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR


class Recurrent(CustomRecurrent, metaclass=Base):
    """The base of a script's own recurrent layers, which define `step(x, states)`."""

    dialect: ClassVar[Dialect] = KERAS2
    door: ClassVar[str] = _DOOR
    covers = (AnyRecurrent,)
