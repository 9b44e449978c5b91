"""The simplest recurrent layer: the state is fed back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._recurrence import Parts
from convdispatch.layers._recurrent import Recurrent
from convdispatch.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike


class SimpleRNN(Recurrent):
    """Feed the output of each step back into the next.

        input             (batch, steps, features)
        output            (batch, units), or (batch, steps, units) with `return_sequences`
        kernel            (features, units)
        recurrent kernel  (units, units)
        bias              (units,)

    h = activation(x @ kernel + h @ recurrent kernel + bias), from h = 0; h is the output.

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 2.2.4 `SimpleRNN`.

    >>> import numpy as np
    >>> from convdispatch.layers import SimpleRNN
    >>> weights = [np.array([[1.0]]), np.array([[10.0]]), np.array([0.0])]
    >>> layer = SimpleRNN(1, activation="linear", weights=weights, return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([  1.,  12., 123.])
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
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
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        units: how many numbers the state and the output have.
        activation: of the new state.
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
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        arguments = dict(locals())
        super().__init__(**options)
        self._keep_recurrence(arguments)

    def _step(self, parts: Parts, state: Sequence[Any], x: Any) -> tuple[Any, ...]:
        (fed,) = self._fed_back(parts, state[0], 0, 1)
        return (self._activated(self.activation, x + fed),)
