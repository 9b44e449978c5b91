"""Layers of Keras 1 that later Kerases dropped, and its base of recurrent layers."""

from __future__ import annotations

from typing import Any, ClassVar

from convdispatch.facades.bases import Base
from convdispatch.formulas.dialects import KERAS1, Dialect
from convdispatch.keras1.layers.core import Dense
from convdispatch.layers._recurrent import Recurrent as AnyRecurrent
from convdispatch.symbolic import retired
from convdispatch.symbolic.recurrent_of_keras1 import CustomRecurrent

_DOOR = "convdispatch.keras1.layers"


class MaxoutDense(retired.MaxoutDense):
    """The greatest of several linear functions."""

    dialect: ClassVar[Dialect] = KERAS1
    door: ClassVar[str] = _DOOR


class Highway(retired.Highway):
    """A dense layer beside its input, with a gate between them."""

    dialect: ClassVar[Dialect] = KERAS1
    door: ClassVar[str] = _DOOR


class ParametricSoftplus(retired.ParametricSoftplus):
    """A softplus whose two factors are learnt."""

    dialect: ClassVar[Dialect] = KERAS1
    door: ClassVar[str] = _DOOR


class SReLU(retired.SReLU):
    """Three lines whose places and slopes are learnt."""

    dialect: ClassVar[Dialect] = KERAS1
    door: ClassVar[str] = _DOOR


class TimeDistributedDense(Dense):  # type: ignore[misc, unused-ignore] # made of a table
    """A `Dense` at each step, which `Dense` itself is, too."""

    def __init__(self, output_dim: int, *given: Any, **options: Any) -> None:
        length = options.pop("input_length", None)
        width = options.pop("input_dim", None)
        if width is not None:
            options["input_shape"] = (length, width)
        super().__init__(output_dim, *given, **options)


class Recurrent(CustomRecurrent, metaclass=Base):
    """The base of a script's own recurrent layers, which define `step(x, states)`."""

    dialect: ClassVar[Dialect] = KERAS1
    door: ClassVar[str] = _DOOR
    covers = (AnyRecurrent,)
