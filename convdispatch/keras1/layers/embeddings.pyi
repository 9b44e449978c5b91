"""The embeddings of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.keras1.layers._exceptions import DroppedRows
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.types import ConstraintLike, InitializerLike, RegularizerLike

__all__ = [
    "Embedding",
]

class Embedding(Keras1Layer, DroppedRows, layers.Embedding):
    """Replace each integer with a row of a table.

        input       (batch, ...), integers from 0 to input_dim - 1
        output      (batch, ..., output_dim)
        embeddings  (input_dim, output_dim)

    Numbers of a floating-point type are taken as integers, as in Keras 1 and 2. With
    `mask_zero=True` the output has a mask, which leaves out the places of 0.

    `dropout` is the share of the table's rows that are left out in training.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input without the steps of `input_length`, `InvalidArgument`
    for an array with an integer that has no row, and `InvalidType` for a tensor of another
    framework. What a framework's own tensor with such an integer gives is the framework's affair.

    Source: Keras 1.2.2 `Embedding`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import Embedding
    >>> table = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
    >>> Embedding(3, 2, weights=[table], dtype="float64")(np.array([[2, 1]]))
    array([[[ 2., 20.],
            [ 1., 10.]]])
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        init: InitializerLike = "uniform",
        input_length: int | Sequence[int | None] | None = None,
        W_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        W_constraint: ConstraintLike = None,
        mask_zero: bool = False,
        weights: Sequence[Any] | None = None,
        dropout: float = 0.0,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...
