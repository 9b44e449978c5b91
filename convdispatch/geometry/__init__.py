"""Integer arithmetic for convolutions and pooling: sizes and pads under both conventions.

No arrays, no backends, no configuration: every function maps integers to integers.
"""

from convdispatch.geometry._convolutions import (
    CONVENTIONS,
    Pads,
    conv_output_size,
    conv_pads,
    effective_kernel_size,
    legal_output_paddings,
    legal_transposed_sizes,
    pads_need_size,
    require_convention,
    require_legal_transposed_size,
    require_output,
    transposed_output_size,
    transposed_pads,
    transposed_pads_of_any_size,
)
from convdispatch.geometry._pooling import pool_output_size, pool_pads, pool_pads_need_size

__all__ = [
    "CONVENTIONS",
    "Pads",
    "conv_output_size",
    "conv_pads",
    "effective_kernel_size",
    "legal_output_paddings",
    "legal_transposed_sizes",
    "pads_need_size",
    "pool_output_size",
    "pool_pads",
    "pool_pads_need_size",
    "require_convention",
    "require_legal_transposed_size",
    "require_output",
    "transposed_output_size",
    "transposed_pads",
    "transposed_pads_of_any_size",
]
