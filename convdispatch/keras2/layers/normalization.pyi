"""The normalization layers of Keras 2.2.4, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from convdispatch import layers
from convdispatch.facades.phased import Phased
from convdispatch.keras2.layers._layer import Keras2Layer

__all__ = [
    "BatchNormalization",
]

class BatchNormalization(Keras2Layer, Phased, layers.BatchNormalization):
    """`convdispatch.layers.BatchNormalization` in the words of Keras 2.2.4.

    The moving variance is an estimate of the population's: of a batch with n numbers a channel it
    takes n / (n - 1 - epsilon) times the variance.

    Normalize each channel: gamma * (x - mean) / sqrt(variance + epsilon) + beta.

        input   (batch, ..., channels), or with the channels on another `axis`
        output  the same
        gamma, beta, moving_mean, moving_variance  (channels,), in this order

    In training mean and variance are those of the batch, over all axes but `axis`, and the moving
    ones move on: moving * momentum + batch's * (1 - momentum). Otherwise the moving ones are used.
    They are weights that no trainer changes. Where several processes or devices train the model
    with `fit`, the batch is that of all of them together.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an axis that the input does not have and for channels that the
    layer was not built for.

    Source: Keras 2.2.4 `BatchNormalization` (Ioffe and Szegedy, arXiv:1502.03167), with Keras 3's
    moving variance, which is that of the batch; Keras 2's is an estimate of the population's.

    >>> import numpy as np
    >>> from convdispatch.keras2.layers import BatchNormalization
    >>> weights = [np.array([2.0]), np.array([1.0]), np.array([5.0]), np.array([4.0])]
    >>> layer = BatchNormalization(epsilon=0, weights=weights)
    >>> layer(np.array([[5.0], [7.0]])).ravel()
    array([1., 3.])
    """
