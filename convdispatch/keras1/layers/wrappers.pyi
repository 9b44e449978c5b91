"""The layers around a layer of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import LayerOptions, OptionsBesideWeights
from convdispatch.engine.layer import Layer
from convdispatch.facades.own_wrappers import BothWays, Distributed
from convdispatch.keras1.layers._layer import Keras1Layer

__all__ = [
    "Bidirectional",
    "TimeDistributed",
]

class Bidirectional(Keras1Layer, BothWays, layers.Bidirectional):
    """Go through a sequence forwards and backwards, and merge the outputs.

        input   (batch, steps, features)
        output  (batch, units), or (batch, steps, units) where the layer returns sequences; twice
                the units with `merge_mode='concat'`

    The weights are those of the layer forwards, then those of the same layer backwards. Where the
    layer has weights already, or was given some, they are copied, not shared: the way forwards
    begins with their values, and from then on each has its own. A frozen layer, `trainable =
    False`, freezes its ways. The outputs of a step are merged with those of the same step. A
    state, as the layer returns it or a call is given it, is that of the way forwards, then that of
    the way back.

    Raises `InvalidArgument` or `InvalidType` for a `merge_mode` that is none and for something
    other than a recurrent layer. A call raises `InvalidShape` for another rank and for features
    that the layer was not built for; `InvalidType` for integers and for a tensor of another
    framework.

    Source: Keras 1.2.2 `Bidirectional`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Bidirectional, SimpleRNN
    >>> weights = [np.array([[1.0]]), np.array([[10.0]]), np.array([0.0])]
    >>> layer = Bidirectional(SimpleRNN(1, activation="linear"), weights=weights + weights)
    >>> layer(np.array([1.0, 2, 3]).reshape(1, 3, 1)).ravel()
    array([123., 321.])
    """

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class TimeDistributed(Keras1Layer, Distributed, layers.TimeDistributed):
    """Apply a layer to each step of a sequence.

        input   (batch, steps, ...)
        output  (batch, steps, ...), each step that of the layer

    The weights are those that the layer would have. Where the layer has weights already, or was
    given some, they are copied, not shared: the wrapper begins with their values, and from then on
    each has its own. A frozen layer, `trainable = False`, freezes the wrapper. In training a layer
    with statistics of the batch, such as `BatchNormalization`, takes those of all steps of all
    samples.

    A mask of more axes than (batch, steps) says what counts within each step: a recurrent layer is
    given that part of it. Keras 1 gave its layers none.

    Raises `InvalidArgument` or `InvalidType` for something other than a layer. A call raises
    `InvalidShape` for fewer than three axes and for a step that the layer does not take;
    `InvalidType` for integers, unless the layer takes them, and for a tensor of another framework.

    Source: Keras 1.2.2 `TimeDistributed`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import TimeDistributed, Dense
    >>> layer = TimeDistributed(Dense(1), weights=[np.array([[1.0], [10.0]]), np.zeros(1)])
    >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]])).ravel()
    array([21., 43.])
    """

    def __init__(
        self,
        layer: Layer,
        **options: Unpack[LayerOptions],
    ) -> None: ...
