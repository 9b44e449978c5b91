"""The convolutional recurrent layers of Keras 1.2.2, under its module path: rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras1.layers._recurrent import FourKernels
from convdispatch.types import (
    ActivationLike,
    DimOrdering,
    InitializerLike,
    Padding,
    RegularizerLike,
)

__all__ = [
    "ConvLSTM2D",
]

class ConvLSTM2D(Keras1Layer, FourKernels, layers.ConvLSTM2D):
    """Keep a state of images: long short-term memory whose products are convolutions.

        input   (batch, steps, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter), or with `return_sequences`
                (batch, steps, new rows, new cols, nb_filter)
        W_i, U_i, b_i, then those of c, f and o
                (nb_row, nb_col, channels, nb_filter), (nb_row, nb_col, nb_filter, nb_filter),
                (nb_filter,)

    With `dim_ordering='th'` the channels come before the rows. The new sizes are those of
    `Convolution2D`. The state's convolution has strides of 1 and 'same', so the state keeps its
    size. With z = x * W + h * U + b of a gate, * for a convolution, and s the inner activation:

        c = s(z_f) c + s(z_i) activation(z_c)
        h = s(z_o) activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels that the layer was not built for, and
    for fewer cells than the kernel reaches over; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 1.2.2 `ConvLSTM2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ConvLSTM2D
    >>> zeros = [np.zeros((1, 1, 1, 1)), np.zeros(1)]
    >>> gate, cell = ([np.full((1, 1, 1, 1), w), *zeros] for w in (100.0, 1.0))
    >>> layer = ConvLSTM2D(1, 1, 1, activation="linear", weights=gate + cell + gate + gate)
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 2, 1, 2, 1)).ravel()
    array([4., 6.])
    """

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: InitializerLike = "glorot_uniform",
        inner_init: InitializerLike = "orthogonal",
        forget_bias_init: InitializerLike = "one",
        activation: ActivationLike = "tanh",
        inner_activation: ActivationLike = "hard_sigmoid",
        dim_ordering: DimOrdering = "default",
        border_mode: Padding = "valid",
        subsample: Sequence[int] = (1, 1),
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
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...
