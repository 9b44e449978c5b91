"""What `help` says about Keras 1's recurrent layers that keep a weight for each gate."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "LSTM": """
    Keep a cell beside the output: long short-term memory.

        input      (batch, steps, features)
        output     (batch, output_dim), or (batch, steps, output_dim) with `return_sequences`
        W_i, U_i, b_i, then those of c, f and o
                   (features, output_dim), (output_dim, output_dim), (output_dim,)

    With `consume_less='gpu'` there are one W, one U and one b, whose columns are those of the gates
    i, f, c and o. With z = x . W + h . U + b of a gate, and s the inner activation:

        c = s(z_f) * c + s(z_i) * activation(z_c)
        h = s(z_o) * activation(c), from h = c = 0; h is the output

    Steps that the mask of the input leaves out do not change the state.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LSTM
    >>> gate, cell = ([np.array([[w]]), np.zeros((1, 1)), np.zeros(1)] for w in (100.0, 1.0))
    >>> layer = LSTM(1, activation="linear", weights=gate + cell + gate + gate,
    ...              return_sequences=True)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([1., 3., 6.])
    """,
    "GRU": """
    Let gates choose between the state and a new value: gated recurrent units.

        input      (batch, steps, features)
        output     (batch, output_dim), or (batch, steps, output_dim) with `return_sequences`
        W_z, U_z, b_z, then those of r and h
                   (features, output_dim), (output_dim, output_dim), (output_dim,)

    With `consume_less='gpu'` there are one W, one U and one b, whose columns are those of the gates
    z, r and h. With s the inner activation:

        z, r = s(x . W_z + h . U_z + b_z), s(x . W_r + h . U_r + b_r)
        h = z * h + (1 - z) * activation(x . W_h + (r * h) . U_h + b_h), from h = 0

    h is the output. Steps that the mask of the input leaves out do not change the state.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import GRU
    >>> gate, new = ([np.array([[w]]), np.array([[w]]), np.zeros(1)] for w in (0.0, 1.0))
    >>> layer = GRU(1, activation="linear", weights=gate + gate + new, return_sequences=True)
    >>> layer(np.array([4.0, 4, 4]).reshape(1, 3, 1)).ravel()
    array([2.   , 3.5  , 4.625])
    """,
}
