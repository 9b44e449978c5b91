"""The gated recurrent unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from convdispatch.engine.arguments import as_bool
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.formulas import activations
from convdispatch.layers._recurrence import Parts
from convdispatch.layers._recurrent import Recurrent
from convdispatch.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike


class GRU(Recurrent):
    """Blend each output with the one before: the gated recurrent unit.

        input             (batch, steps, features)
        output            (batch, units), or (batch, steps, units) with `return_sequences`
        kernel            (features, 3 * units)
        recurrent kernel  (units, 3 * units)
        bias              (2, 3 * units), or (3 * units,) where `reset_after` is False

    The columns are those of the gates z, r and h, in this order. With a the product of the input
    and its bias, b that of the state, and s the recurrent activation:

        z, r = s(a_z + b_z), s(a_r + b_r)
        h = z * h + (1 - z) * activation(a_h + r * b_h), from h = 0; h is the output

    Where `reset_after` is False, b_h is the product of r * h, and there is no bias in b.

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 3 `GRU` (Cho et al., arXiv:1406.1078).

    >>> import numpy as np
    >>> from convdispatch.layers import GRU
    >>> weights = [np.array([[0.0, 0, 1]]), np.array([[0.0, 0, 1]])]
    >>> layer = GRU(1, activation="linear", use_bias=False, weights=weights, return_sequences=True)
    >>> layer(np.array([4.0, 4, 4]).reshape(1, 3, 1)).ravel()
    array([2.   , 3.5  , 4.625])
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        reset_after: bool = True,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        units: how many numbers the state and the output have.
        activation: of the new state.
        recurrent_activation: of the gates.
        use_bias: whether numbers are added to the products.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        recurrent_initializer, recurrent_regularizer, recurrent_constraint: of the recurrent kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: of the output, summed over the batch.
        dropout, recurrent_dropout: the probability that a number of the input, of the state is
            left out in training, the same ones in every step.
        return_sequences: whether the output is that of each step, not of the last alone.
        return_state: whether the outputs are a list of the output and of the last state.
        go_backwards: whether the last step comes first, in the output too.
        stateful: whether a call begins with the state that the last one ended with, sample by
            sample; the size of the batches must be known.
        unroll: whether the steps are written one after the other instead of as a loop.
        zero_output_for_mask: whether steps that a mask leaves out give zeros, not the last output.
        reset_after: whether the gate r multiplies after the product with the recurrent kernel.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        arguments = dict(locals())
        super().__init__(**options)
        self._keep_recurrence(arguments)
        self.recurrent_activation = self._named("recurrent_activation", recurrent_activation)
        self.reset_after = as_bool(reset_after, self.spelled("reset_after"))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "reset_after": self.reset_after,
        }

    def _bias_shape(self) -> tuple[int, ...]:
        shape = super()._bias_shape()
        return (2, *shape) if self.reset_after else shape

    def _bias_of_inputs(self, bias: Any) -> Any:
        return self._row(bias, 0) if self.reset_after else bias

    def _recurrent_parts(self, bias: Any) -> dict[str, Any]:
        return {"bias": self._row(bias, 1)} if self.reset_after and bias is not None else {}

    def _step(self, parts: Parts, state: Sequence[Any], x: Any) -> tuple[Any, ...]:
        h, gate = state[0], self.recurrent_activation
        a_z, a_r, a_h = self._blocks_of(x)
        fed = self._fed_back(parts, h, 0, 3 if self.reset_after else 2)
        if "bias" in parts:
            fed = [
                back + one for back, one in zip(fed, self._blocks_of(parts["bias"]), strict=True)
            ]
        z = self._activated(gate, a_z + fed[0])
        r = self._activated(gate, a_r + fed[1])
        back = r * fed[2] if self.reset_after else self._fed_back(parts, r * h, 2, 3)[0]
        return (z * h + (1 - z) * self._activated(self.activation, a_h + back),)

    def _row(self, bias: Any, place: int) -> Any:
        f: Any = self._backend().functions
        return f["reshape"](f["take"](bias, np.array([place]), 0), (-1,))
