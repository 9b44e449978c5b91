"""The ops written down from their definitions, to compare everything else with."""

from convdispatch.numerics.oracle import (
    conv,
    conv_gradients,
    conv_kernel_gradient,
    conv_transpose,
    dense,
    pad,
    upsample,
    upsample_gradient,
)
from convdispatch.numerics.oracle_pooling import pool, pool_gradient
from convdispatch.numerics.oracle_resizing import resize, resize_gradient

__all__ = [
    "conv",
    "conv_gradients",
    "conv_kernel_gradient",
    "conv_transpose",
    "dense",
    "pad",
    "pool",
    "pool_gradient",
    "resize",
    "resize_gradient",
    "upsample",
    "upsample_gradient",
]
