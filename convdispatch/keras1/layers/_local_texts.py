"""What `help` says about Keras 1's locally connected layers and its recurrent one of images."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "LocallyConnected1D": """
    Slide over the steps with a kernel that is another one at each of them.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter), with ceil((steps - filter_length + 1) / stride) steps
        kernel  (new steps, filter_length * channels, nb_filter)
        bias    (new steps, nb_filter)

    A cell's kernel has the taps in order, each with its channels. `border_mode` is 'valid'.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LocallyConnected1D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10]]).reshape(3, 2, 1)
    >>> layer = LocallyConnected1D(1, 2, bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([ 1.,  3., 70.])
    """,
    "LocallyConnected2D": """
    Slide over rows and columns with a kernel that is another one at each place.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter), of an axis with n cells and a kernel of k
                ceil((n - k + 1) / stride)
        kernel  (new rows * new cols, nb_row * nb_col * channels, nb_filter)
        bias    (new rows, new cols, nb_filter)

    A cell's kernel has the taps in order, row by row, each with its channels. With
    `dim_ordering='th'` the channels of input and output are axis 1, and the kernel has the channels
    in order, each with its taps; the bias is read as (nb_filter, new rows, new cols). `border_mode`
    is 'valid'.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LocallyConnected2D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10], [2, 0]]).reshape(4, 2, 1)
    >>> layer = LocallyConnected2D(1, 1, 2, bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4, 5, 6]).reshape(1, 2, 3, 1)).ravel()
    array([ 1.,  3., 90., 10.])
    """,
    "ConvLSTM2D": """
    Keep a state of images: long short-term memory whose products are convolutions.

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

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import ConvLSTM2D
    >>> zeros = [np.zeros((1, 1, 1, 1)), np.zeros(1)]
    >>> gate, cell = ([np.full((1, 1, 1, 1), w), *zeros] for w in (100.0, 1.0))
    >>> layer = ConvLSTM2D(1, 1, 1, activation="linear", weights=gate + cell + gate + gate)
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 2, 1, 2, 1)).ravel()
    array([4., 6.])
    """,
}
