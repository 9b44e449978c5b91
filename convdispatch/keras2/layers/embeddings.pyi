"""The embeddings of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from convdispatch import layers
from convdispatch.keras2.layers._layer import Keras2Layer

__all__ = [
    "Embedding",
]

class Embedding(Keras2Layer, layers.Embedding):
    """`convdispatch.layers.Embedding` in the words of Keras 2.2.4.

    Replace each integer with a row of a table.

        input       (batch, ...), integers from 0 to input_dim - 1
        output      (batch, ..., output_dim)
        embeddings  (input_dim, output_dim)

    Numbers of a floating-point type are taken as integers, as in Keras 1 and 2. With
    `mask_zero=True` the output has a mask, which leaves out the places of 0.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input without the steps of `input_length`, `InvalidArgument`
    for an array with an integer that has no row, and `InvalidType` for a tensor of another
    framework. What a framework's own tensor with such an integer gives is the framework's affair.

    Source: Keras 2.2.4 `Embedding`.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import Embedding
    >>> table = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
    >>> Embedding(3, 2, weights=[table], dtype="float64")(np.array([[2, 1]]))
    array([[[ 2., 20.],
            [ 1., 10.]]])
    """
