"""The locally connected layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.keras1.layers._exceptions import Announced
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DimOrdering,
    InitializerLike,
    RegularizerLike,
)

__all__ = [
    "LocallyConnected1D",
    "LocallyConnected2D",
]

class LocallyConnected1D(Keras1Layer, Announced, layers.LocallyConnected1D):
    """Slide over the steps with a kernel that is another one at each of them.

        input   (batch, steps, channels)
        output  (batch, new steps, nb_filter), with ceil((steps - filter_length + 1) / stride) steps
        kernel  (new steps, filter_length * channels, nb_filter)
        bias    (new steps, nb_filter)

    A cell's kernel has the taps in order, each with its channels. `border_mode` is 'valid'.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels or steps that the layer was not built
    for, and for fewer steps than the kernel has taps; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `LocallyConnected1D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LocallyConnected1D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10]]).reshape(3, 2, 1)
    >>> layer = LocallyConnected1D(1, 2, bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([ 1.,  3., 70.])
    """

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...

class LocallyConnected2D(Keras1Layer, layers.LocallyConnected2D):
    """Slide over rows and columns with a kernel that is another one at each place.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, nb_filter), of an axis with n cells and a kernel of k
                ceil((n - k + 1) / stride)
        kernel  (new rows * new cols, nb_row * nb_col * channels, nb_filter)
        bias    (new rows, new cols, nb_filter)

    A cell's kernel has the taps in order, row by row, each with its channels. With
    `dim_ordering='th'` the channels of input and output are axis 1, and the kernel has the channels
    in order, each with its taps; the bias is read as (nb_filter, new rows, new cols). `border_mode`
    is 'valid'.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for another rank, for channels or cells that the layer was not built
    for, and for fewer cells than the kernel has taps; `InvalidType` for integers and for a tensor
    of another framework.

    Source: Keras 1.2.2 `LocallyConnected2D`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import LocallyConnected2D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10], [2, 0]]).reshape(4, 2, 1)
    >>> layer = LocallyConnected2D(1, 1, 2, bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4, 5, 6]).reshape(1, 2, 3, 1)).ravel()
    array([ 1.,  3., 90., 10.])
    """

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: InitializerLike = "glorot_uniform",
        activation: ActivationLike = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1),
        dim_ordering: DimOrdering = "default",
        W_regularizer: RegularizerLike = None,
        b_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        b_constraint: ConstraintLike = None,
        bias: bool = True,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...
