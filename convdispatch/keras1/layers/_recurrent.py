"""Recurrent layers as Keras 1 kept them: the kernels of each gate apart, in an order of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from convdispatch.engine.arguments import as_choice
from convdispatch.engine.declarations import Weight
from convdispatch.errors import InvalidArgument
from convdispatch.facades.input_length import InputByLength
from convdispatch.formulas import initializers
from convdispatch.layers._recurrent import Recurrent


class ByGate(Recurrent):
    """A recurrent layer with three weights a gate: of the input, of the state, and the bias."""

    names: str  # of the gates, in the order in which they are computed
    kept: str  # in the order of `get_weights`

    def _declared(self, channels: int) -> tuple[Weight, ...]:
        kernel, recurrent = self._kernels(channels, self.width)
        return tuple(
            replace(weight, name=f"{name}_{gate}" if gate.strip() else name)
            for gate in self.kept
            for name, weight in (("W", kernel), ("U", recurrent), ("b", self._bias_of(gate)))
        )

    def _bias_of(self, gate: str) -> Weight:
        return self._weight("bias", (self.width,))

    def _gathered(self, weights: Sequence[Any]) -> tuple[Any, Any, Any]:
        concatenate = self._backend().functions["concatenate"]
        firsts = [3 * self.kept.index(gate) for gate in self.names]
        kernel, recurrent, bias = (
            concatenate([weights[first + i] for first in firsts], -1) for i in range(3)
        )
        return kernel, recurrent, bias


class Rows(InputByLength, ByGate):
    """A layer of rows of numbers; `consume_less='gpu'` has the gates' weights side by side."""

    def __init__(self, *, consume_less: str, **options: Any) -> None:
        self.consume_less = as_choice(consume_less, ("cpu", "mem", "gpu"), "consume_less")
        super().__init__(**options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        announced = {"input_dim": self.input_dim, "input_length": self.input_length}
        return super().get_config() | announced | {"consume_less": self.consume_less}

    def _declared(self, channels: int) -> tuple[Weight, ...]:
        of = Recurrent if self.consume_less == "gpu" else ByGate
        return of._declared(self, channels)

    def _gathered(self, weights: Sequence[Any]) -> tuple[Any, Any, Any]:
        of = Recurrent if self.consume_less == "gpu" else ByGate
        return of._gathered(self, weights)


class OneGate(Rows):
    """`SimpleRNN`."""

    names = kept = " "


class ThreeGates(Rows):
    """`GRU`."""

    names = kept = "zrh"


class Forgetting(ByGate):
    """A layer whose bias of the gate f has an initializer of its own."""

    names, kept = "ifco", "icfo"

    def __init__(self, *, forget_bias_init: Any, **options: Any) -> None:
        super().__init__(**options)
        if forget_bias_init is None:
            raise InvalidArgument("`forget_bias_init` must be an initializer; received None.")
        self.forget_bias_initializer = self._named("forget_bias_initializer", forget_bias_init)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        written = initializers.serialize(self.forget_bias_initializer)
        return super().get_config() | {"forget_bias_init": written}

    def _bias_of(self, gate: str) -> Weight:
        bias = super()._bias_of(gate)
        return replace(bias, initializer=self.forget_bias_initializer) if gate == "f" else bias


class FourGates(Forgetting, Rows):
    """`LSTM`."""


class FourKernels(Forgetting):
    """`ConvLSTM2D`."""
