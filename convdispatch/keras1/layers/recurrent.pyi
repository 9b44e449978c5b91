"""The recurrent layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras1.layers._recurrent import FourGates, OneGate, ThreeGates
from convdispatch.types import ActivationLike, InitializerLike, RegularizerLike

__all__ = [
    "GRU",
    "LSTM",
    "SimpleRNN",
]

class GRU(Keras1Layer, ThreeGates, layers.GRU):
    """Let gates choose between the state and a new value: gated recurrent units.

        input      (batch, steps, features)
        output     (batch, output_dim), or (batch, steps, output_dim) with `return_sequences`
        W_z, U_z, b_z, then those of r and h
                   (features, output_dim), (output_dim, output_dim), (output_dim,)

    With `consume_less='gpu'` there are one W, one U and one b, whose columns are those of the gates
    z, r and h. With s the inner activation:

        z, r = s(x . W_z + h . U_z + b_z), s(x . W_r + h . U_r + b_r)
        h = z * h + (1 - z) * activation(x . W_h + (r * h) . U_h + b_h), from h = 0

    h is the output. Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `GRU`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GRU
    >>> gate, new = ([np.array([[w]]), np.array([[w]]), np.zeros(1)] for w in (0.0, 1.0))
    >>> layer = GRU(1, activation="linear", weights=gate + gate + new, return_sequences=True)
    >>> layer(np.array([4.0, 4, 4]).reshape(1, 3, 1)).ravel()
    array([2.   , 3.5  , 4.625])
    """

    def __init__(
        self,
        output_dim: int,
        init: InitializerLike = "glorot_uniform",
        inner_init: InitializerLike = "orthogonal",
        activation: ActivationLike = "tanh",
        inner_activation: ActivationLike = "hard_sigmoid",
        W_regularizer: RegularizerLike = None,
        U_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        *,
        weights: Sequence[Any] | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        consume_less: str = "cpu",
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class LSTM(Keras1Layer, FourGates, layers.LSTM):
    """Keep a cell beside the output: long short-term memory.

        input      (batch, steps, features)
        output     (batch, output_dim), or (batch, steps, output_dim) with `return_sequences`
        W_i, U_i, b_i, then those of c, f and o
                   (features, output_dim), (output_dim, output_dim), (output_dim,)

    With `consume_less='gpu'` there are one W, one U and one b, whose columns are those of the gates
    i, f, c and o. With z = x . W + h . U + b of a gate, and s the inner activation:

        c = s(z_f) * c + s(z_i) * activation(z_c)
        h = s(z_o) * activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `LSTM`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LSTM
    >>> gate, cell = ([np.array([[w]]), np.zeros((1, 1)), np.zeros(1)] for w in (100.0, 1.0))
    >>> layer = LSTM(1, activation="linear", weights=gate + cell + gate + gate,
    ...              return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([1., 3., 6.])
    """

    def __init__(
        self,
        output_dim: int,
        init: InitializerLike = "glorot_uniform",
        inner_init: InitializerLike = "orthogonal",
        forget_bias_init: InitializerLike = "one",
        activation: ActivationLike = "tanh",
        inner_activation: ActivationLike = "hard_sigmoid",
        W_regularizer: RegularizerLike = None,
        U_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        *,
        weights: Sequence[Any] | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        consume_less: str = "cpu",
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class SimpleRNN(Keras1Layer, OneGate, layers.SimpleRNN):
    """Feed the output of each step back into the next.

        input             (batch, steps, features)
        output            (batch, output_dim), or (batch, steps, output_dim) with `return_sequences`
        kernel            (features, output_dim)
        recurrent kernel  (output_dim, output_dim)
        bias              (output_dim,)

    h = activation(x @ kernel + h @ recurrent kernel + bias), from h = 0; h is the output.

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank and for features that the layer was not built for;
    `InvalidType` for integers and for a tensor of another framework.

    Source: Keras 1.2.2 `SimpleRNN`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import SimpleRNN
    >>> weights = [np.array([[1.0]]), np.array([[10.0]]), np.array([0.0])]
    >>> layer = SimpleRNN(1, activation="linear", weights=weights, return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([  1.,  12., 123.])
    """

    def __init__(
        self,
        output_dim: int,
        init: InitializerLike = "glorot_uniform",
        inner_init: InitializerLike = "orthogonal",
        activation: ActivationLike = "tanh",
        W_regularizer: RegularizerLike = None,
        U_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        *,
        weights: Sequence[Any] | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        consume_less: str = "cpu",
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...
