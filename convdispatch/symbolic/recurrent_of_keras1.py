"""Keras 1's base of recurrent layers: a script defines `step(x, states)`."""

from __future__ import annotations

from typing import Any

from convdispatch.symbolic import arrays, drawing, filling, products
from convdispatch.symbolic.control import in_train_phase
from convdispatch.symbolic.looped_layers import Looping
from convdispatch.symbolic.variables import Variable


class CustomRecurrent(Looping):
    """A recurrent layer of a script's own, with `step`, and with `states` for each state None."""

    output_dim: int

    def __init__(self, weights: Any = None, consume_less: str = "cpu", **options: Any) -> None:
        """Take what recurrent layers take, such as `return_sequences` and `input_length`."""
        self._noted_states: list[Any] = [None]
        super().__init__(weights=weights, **options)
        self.consume_less = consume_less

    # What scripts define.

    def step(self, x: Any, states: Any) -> Any:
        """Return the output of a step and the new states; behind the states stand constants."""
        raise NotImplementedError(f"{type(self).__name__} must define `step(x, states)`.")

    def get_constants(self, x: Any) -> list[Any]:
        """Return symbols that are the same at each step."""
        return []

    def get_initial_states(self, x: Any) -> list[Any]:
        """Return the states to begin with: zeros."""
        return self.get_initial_state(x)

    def preprocess_input(self, x: Any) -> Any:
        """Return what the steps are taken from."""
        return x

    @property
    def states(self) -> list[Any]:
        """The states that are kept, None for each that begins with zeros."""
        return list(self._noted_states)

    @states.setter
    def states(self, states: Any) -> None:
        self._noted_states = list(states)

    # What the loop asks.

    def state_sizes(self) -> list[tuple[int, ...]]:
        """Return the width of each state."""
        return [(self.output_dim,)] * len(self._noted_states)

    def call(self, inputs: Any, mask: Any = None, training: Any = None) -> Any:
        """Return the outputs of the steps."""
        kept = [one for one in self._noted_states if isinstance(one, Variable)]
        if self.stateful and kept and not self._kept_states:
            self._kept_states = kept
            self._kept.extend(one for one in kept if one not in self._kept)
        return super().call(inputs, mask, training)

    def prepared(self, x: Any) -> Any:
        """Return what the steps are taken from."""
        return self.preprocess_input(x)

    def _begun(self, x: Any) -> list[Any]:
        return list(self.get_initial_states(x))

    def constants_of(self, x: Any, training: Any) -> list[Any]:
        """Return symbols that are the same at each step."""
        return list(self.get_constants(x))

    def step_of(self, x: Any, states: list[Any], constants: list[Any], training: Any) -> Any:
        """Return the output of a step and the new states."""
        return self.step(x, [*states, *constants])

    def get_config(self) -> dict[str, Any]:
        """Return what every layer takes, and how the steps are taken."""
        own = {"consume_less": self.consume_less}
        if not self.stateful:
            own |= {"input_dim": self.input_dim, "input_length": self.input_length}
        config = super().get_config() | own
        del config["return_state"]
        return config


def time_distributed_dense(
    x: Any,
    w: Any,
    b: Any = None,
    dropout: float | None = None,
    input_dim: int | None = None,
    output_dim: int | None = None,
    timesteps: int | None = None,
    training: Any = None,
) -> Any:
    """Return the product of each step of sequences with a kernel, plus a bias.

    dropout: the share of features that are dropped in training, the same at each step.
    """
    if dropout:
        kept = drawing.dropout(filling.ones_like(x[:, 0]), dropout)
        x = in_train_phase(x * arrays.expand_dims(kept, 1), x, training)
    found = products.dot(x, w)
    return found if b is None else found + b
