"""Convolutions written down from their definitions, to compare everything else with."""

from convdispatch.numerics.oracle import (
    conv,
    conv_gradients,
    conv_kernel_gradient,
    conv_transpose,
    pad,
    upsample,
    upsample_gradient,
)

__all__ = [
    "conv",
    "conv_gradients",
    "conv_kernel_gradient",
    "conv_transpose",
    "pad",
    "upsample",
    "upsample_gradient",
]
