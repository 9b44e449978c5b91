"""Long short-term memory."""

from __future__ import annotations

from typing import Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.layers._lstm_layer import LSTMLayer
from convdispatch.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike


class LSTM(LSTMLayer):
    """Keep a cell beside the output: long short-term memory.

        input             (batch, steps, features)
        output            (batch, units), or (batch, steps, units) with `return_sequences`
        kernel            (features, 4 * units)
        recurrent kernel  (units, 4 * units)
        bias              (4 * units,)

    The columns are those of the gates i, f, c and o, in this order. With z the sum of the products
    and the bias, and s the recurrent activation:

        c = s(z_f) * c + s(z_i) * activation(z_c)
        h = s(z_o) * activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 3 `LSTM` (Hochreiter and Schmidhuber, Neural Computation 9, 1997).

    >>> import numpy as np
    >>> from convdispatch.layers import LSTM
    >>> open_gates = [np.array([[100.0, 100, 1, 100]]), np.zeros((1, 4)), np.zeros(4)]
    >>> layer = LSTM(1, activation="linear", weights=open_gates, return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([1., 3., 6.])
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
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
        recurrent_activation: of the gates.
        use_bias: whether numbers are added to the products.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        recurrent_initializer, recurrent_regularizer, recurrent_constraint: of the recurrent kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        unit_forget_bias: whether the bias of the gate f starts from 1.
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
        self._keep_gates(recurrent_activation, unit_forget_bias)
