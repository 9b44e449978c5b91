"""The recurrent layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from typing import Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.facades.phased import Phased
from convdispatch.keras2.layers._exceptions import Gated, Rows
from convdispatch.keras2.layers._layer import Keras2Layer
from convdispatch.types import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike

__all__ = [
    "GRU",
    "LSTM",
    "SimpleRNN",
]

class GRU(Keras2Layer, Phased, Gated, layers.GRU):
    """`convdispatch.layers.GRU` in the words of Keras 2.2.4.

    `input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the input's
    channels and steps. `implementation` is 0, 1 or 2, Keras 2's ways to compute the same numbers;
    it has no effect.

    Blend each output with the one before: the gated recurrent unit.

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
    >>> from convdispatch.keras2.layers import GRU
    >>> weights = [np.array([[0.0, 0, 1]]), np.array([[0.0, 0, 1]])]
    >>> layer = GRU(1, activation="linear", use_bias=False, weights=weights, return_sequences=True)
    >>> layer(np.array([4.0, 4, 4]).reshape(1, 3, 1)).ravel()
    array([2.   , 3.5  , 4.625])
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "hard_sigmoid",
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
        reset_after: bool = False,
        seed: int | None = None,
        *,
        input_dim: int | None = None,
        input_length: int | None = None,
        implementation: int = 1,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class LSTM(Keras2Layer, Phased, Gated, layers.LSTM):
    """`convdispatch.layers.LSTM` in the words of Keras 2.2.4.

    `input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the input's
    channels and steps. `implementation` is 0, 1 or 2, Keras 2's ways to compute the same numbers;
    it has no effect.

    Keep a cell beside the output: long short-term memory.

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
    >>> from convdispatch.keras2.layers import LSTM
    >>> open_gates = [np.array([[100.0, 100, 1, 100]]), np.zeros((1, 4)), np.zeros(4)]
    >>> layer = LSTM(1, activation="linear", weights=open_gates, return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([1., 3., 6.])
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "hard_sigmoid",
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
        *,
        input_dim: int | None = None,
        input_length: int | None = None,
        implementation: int = 1,
        **options: Unpack[LayerOptions],
    ) -> None: ...

class SimpleRNN(Keras2Layer, Phased, Rows, layers.SimpleRNN):
    """`convdispatch.layers.SimpleRNN` in the words of Keras 2.2.4.

    `input_dim` and `input_length`, which Keras 2 still took in Keras 1's manner, state the input's
    channels and steps. `implementation` is 0, 1 or 2, Keras 2's ways to compute the same numbers;
    it has no effect.

    Feed the output of each step back into the next.

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
    >>> from convdispatch.keras2.layers import SimpleRNN
    >>> weights = [np.array([[1.0]]), np.array([[10.0]]), np.array([0.0])]
    >>> layer = SimpleRNN(1, activation="linear", weights=weights, return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([  1.,  12., 123.])
    """

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
        *,
        input_dim: int | None = None,
        input_length: int | None = None,
        implementation: int = 1,
        **options: Unpack[LayerOptions],
    ) -> None: ...
