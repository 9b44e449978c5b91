"""The step of long short-term memory, whatever its products are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.declarations import Weight
from convdispatch.formulas import activations, initializers
from convdispatch.layers._recurrence import Parts
from convdispatch.layers._recurrent import Recurrent
from convdispatch.types import ActivationLike


class LSTMLayer(Recurrent):
    """A recurrent layer that keeps a cell beside the output: the gates are i, f, c and o."""

    gates = 4
    _state_count = 2

    def _keep_gates(self, recurrent_activation: ActivationLike, unit_forget_bias: bool) -> None:
        self.recurrent_activation = self._named("recurrent_activation", recurrent_activation)
        self.unit_forget_bias = as_bool(unit_forget_bias, self.spelled("unit_forget_bias"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
        }

    def _bias(self) -> Weight:
        bias = super()._bias()
        if not self.unit_forget_bias:
            return bias
        return replace(bias, initializer=partial(_with_ones, bias.initializer))

    def _step(self, parts: Parts, state: Sequence[Any], x: Any) -> tuple[Any, ...]:
        h, cell = state
        fed = self._fed_back(parts, h, 0, 4)
        i, f, c, o = (one + back for one, back in zip(self._blocks_of(x), fed, strict=True))
        gate = self.recurrent_activation
        cell = self._activated(gate, f) * cell + self._activated(gate, i) * self._activated(
            self.activation, c
        )
        return self._activated(gate, o) * self._activated(self.activation, cell), cell


def _with_ones(drawn: Any, shape: Sequence[int]) -> Any:
    """Draw the bias of an LSTM, whose second block, that of the gate f, is ones."""
    width = shape[0] // 4
    first = initializers.draw(drawn, (width,))
    return np.concatenate([first, np.ones(width), initializers.draw(drawn, (2 * width,))])
