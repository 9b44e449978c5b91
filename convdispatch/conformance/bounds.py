"""How far from the exact answer a correct backend may be, derived instead of chosen."""

from convdispatch.numerics.bounds import (
    FUNCTION_ULPS,
    activated,
    conv_bound,
    gamma,
    slope,
    unit_roundoff,
)

__all__ = [
    "FUNCTION_ULPS",
    "activated",
    "conv_bound",
    "gamma",
    "slope",
    "unit_roundoff",
]
