"""The normalization layers of Keras 1.2.2, under its module path: the rows of its table.

Written by tools/write_stubs.py.
"""

from collections.abc import Sequence
from typing import Any, Unpack

from convdispatch import layers
from convdispatch.engine.constructor_signature import OptionsBesideWeights
from convdispatch.keras1.layers._layer import Keras1Layer
from convdispatch.keras1.layers._modes import ByMode
from convdispatch.types import InitializerLike, RegularizerLike

__all__ = [
    "BatchNormalization",
]

class BatchNormalization(Keras1Layer, ByMode, layers.BatchNormalization):
    """Normalize: gamma * (x - mean) / sqrt(variance + epsilon) + beta.

        input   (batch, ..., channels), or with the channels on another `axis`
        output  the same
        gamma, beta, running mean, running std  (channels,), in this order

    mode 0: mean and variance of the batch in training, and the running ones otherwise. What Keras
        calls the running std is a variance.
    mode 1: mean and variance of each sample along the last axis; epsilon is added to the standard
        deviation, too.
    mode 2: mean and variance of the batch, always.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an axis that the input does not have and for channels that the
    layer was not built for.

    Source: Keras 1.2.2 `BatchNormalization`.

    >>> import numpy as np
    >>> from convdispatch.keras1.layers import BatchNormalization
    >>> BatchNormalization(mode=2, epsilon=0)(np.array([[1.0], [3.0]])).ravel()
    array([-1.,  1.])
    """

    def __init__(
        self,
        epsilon: float = 0.001,
        mode: int = 0,
        axis: int = -1,
        momentum: float = 0.99,
        weights: Sequence[Any] | None = None,
        beta_init: InitializerLike = "zero",
        gamma_init: InitializerLike = "one",
        gamma_regularizer: RegularizerLike = None,
        beta_regularizer: RegularizerLike = None,
        **options: Unpack[OptionsBesideWeights],
    ) -> None: ...
