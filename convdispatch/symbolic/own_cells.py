"""The steps of `SimpleRNN`, `GRU` and `LSTM` as cells, with the arguments of Keras 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch.engine.arguments import as_bool, as_int
from convdispatch.formulas import activations, initializers
from convdispatch.symbolic.cells import CustomCell
from convdispatch.symbolic.products import bias_add, dot


class SimpleRNNCell(CustomCell):
    """A step of `SimpleRNN`: activation(input @ kernel + state @ recurrent_kernel + bias)."""

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        **options: Any,
    ) -> None:
        """Check and keep the arguments, which are those of `SimpleRNN`."""
        given = dict(locals())
        super().__init__(**options)
        self._keep(given)

    def call(  # type: ignore[override] # a cell takes states, and returns them
        self, inputs: Any, states: Any, training: Any = None
    ) -> Any:
        """Return the output, which is the new state, too."""
        x = self._dropped(inputs, recurrent=False, training=training)
        h = self._dropped(states[0], recurrent=True, training=training)
        (product,) = self._biased(self._by_gate(x, self.kernel))
        output = self.activation(product + self._by_gate(h, self.recurrent_kernel)[0])
        return output, [output]


class _Gated(CustomCell):
    """A cell with gates."""

    def _keep_gates(self, arguments: Mapping[str, Any]) -> None:
        self.recurrent_activation = self._named("activation", arguments["recurrent_activation"])
        self.implementation = as_int(arguments["implementation"], "implementation", minimum=0)
        self._keep(arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "implementation": self.implementation,
        }


class GRUCell(_Gated):
    """A step of `GRU`."""

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        reset_after: bool = False,
        **options: Any,
    ) -> None:
        """Check and keep the arguments, which are those of `GRU`."""
        given = dict(locals())
        super().__init__(**options)
        self.reset_after = as_bool(reset_after, "reset_after")
        self._keep_gates(given)

    def _bias_shape(self) -> tuple[int, ...]:
        columns = self.units * self.gates
        return (2, columns) if self.reset_after else (columns,)

    def call(  # type: ignore[override] # a cell takes states, and returns them
        self, inputs: Any, states: Any, training: Any = None
    ) -> Any:
        """Return the output, which is the new state, too."""
        before = states[0]
        x = self._by_gate(self._dropped(inputs, recurrent=False, training=training), self.kernel)
        h = self._dropped(before, recurrent=True, training=training)
        own, again = self.bias, None
        if self.bias is not None and self.reset_after:
            own, again = self.bias[0], self.bias[1]
        if own is not None:
            x = [bias_add(one, own[self._columns(gate)]) for gate, one in enumerate(x)]
        state = self._by_gate(h[:2], self.recurrent_kernel)
        last = self.recurrent_kernel[:, self._columns(2)]
        if again is not None:
            state = [bias_add(one, again[self._columns(g)]) for g, one in enumerate(state)]
        z, r = (self.recurrent_activation(a + b) for a, b in zip(x[:2], state, strict=True))
        if self.reset_after:
            inner = dot(h[2], last)
            inner = r * (inner if again is None else bias_add(inner, again[self._columns(2)]))
        else:
            inner = dot(r * h[2], last)
        output = z * before + (1 - z) * self.activation(x[2] + inner)
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"reset_after": self.reset_after}


class LSTMCell(_Gated):
    """A step of `LSTM`."""

    gates = 4
    count = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        implementation: int = 1,
        **options: Any,
    ) -> None:
        """Check and keep the arguments, which are those of `LSTM`."""
        given = dict(locals())
        super().__init__(**options)
        self.unit_forget_bias = as_bool(unit_forget_bias, "unit_forget_bias")
        self._keep_gates(given)

    def _initializer_of(self, prefix: str) -> Any:
        given = super()._initializer_of(prefix)
        if prefix != "bias" or not self.unit_forget_bias:
            return given

        def with_ones(shape: Any) -> Any:
            drawn: Any = np.array(initializers.draw(given, tuple(shape)))
            drawn[self.units : 2 * self.units] = 1.0
            return drawn

        return with_ones

    def call(  # type: ignore[override] # a cell takes states, and returns them
        self, inputs: Any, states: Any, training: Any = None
    ) -> Any:
        """Return the output and the two new states: the output and the carried one."""
        before, carried = states
        x = self._dropped(inputs, recurrent=False, training=training)
        h = self._dropped(before, recurrent=True, training=training)
        products = self._biased(self._by_gate(x, self.kernel))
        pairs = zip(products, self._by_gate(h, self.recurrent_kernel), strict=True)
        i, f, c, o = (a + b for a, b in pairs)
        gate = self.recurrent_activation
        new = gate(f) * carried + gate(i) * self.activation(c)
        output = gate(o) * self.activation(new)
        return output, [output, new]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {"unit_forget_bias": self.unit_forget_bias}
