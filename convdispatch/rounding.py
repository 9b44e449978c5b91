"""How far a model's output may be from the exact one, layer by layer.

Each layer is an affine map followed by an activation. With input x known up to e, elementwise,
the affine part is off by at most c A(|x| + e) + A(e), where A uses the absolute weights (its first
occurrence the absolute bias too) and c is the bound of `conformance.bounds` for one product sum.
The activation, monotone in nearly every case, then maps an interval to an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.activations import Activation
from convdispatch.conformance.bounds import FUNCTION_ULPS, conv_bound, unit_roundoff
from convdispatch.errors import InvalidType
from convdispatch.layers import Layer

Array = npt.NDArray[Any]


def reference_with_bound(layers: Sequence[Layer], x: Array, dtype: str) -> tuple[Array, Array]:
    """Return the float64 output, and the largest error that computing in `dtype` may make.

    `layers` may be on any backend; the reference is computed by NumPy's. `x` and the weights are
    taken as exact, so they should be representable in `dtype`.
    """
    value = np.asarray(x, np.float64)
    error = np.zeros_like(value)
    for layer in layers:
        exact = layer.to("numpy", dtype="float64")
        affine, affine_error = affine_with_bound(exact, value, error, dtype)
        value, error = _activated(exact.activation, affine, affine_error, dtype)
    return value, error


def affine_with_bound(layer: Layer, x: Array, error: Array, dtype: str) -> tuple[Array, Array]:
    """Return the layer's output before its activation, and the largest error in `dtype`.

    `layer` is a float64 layer on NumPy's backend; `error` is how far x may be off.
    """
    weights: list[Any] = [np.asarray(weight) for weight in layer.variables]
    absolute = [np.abs(weight) for weight in weights]
    value = np.asarray(layer.preactivation(weights, x))
    spread = np.asarray(layer.preactivation(absolute, np.abs(x) + error))
    without_bias = [weight if weight.ndim > 1 else np.zeros_like(weight) for weight in absolute]
    carried = np.asarray(layer.preactivation(without_bias, error))
    if layer.reduction_length == 0:
        return value, carried
    return value, conv_bound(spread, layer.reduction_length, dtype) + carried


def _activated(activation: Any, z: Array, error: Array, dtype: str) -> tuple[Array, Array]:
    if not isinstance(activation, Activation):
        raise InvalidType(
            f"no rounding bound is known for the activation {activation!r}: it is a callable of "
            "the user's. Use one of `convdispatch.activations`."
        )
    value = np.asarray(activation(z))
    if activation.fused in ("linear", "relu"):  # with parameters they multiply, and round
        computing: Array | float = 0.0
    else:
        computing = FUNCTION_ULPS * unit_roundoff(dtype) * np.maximum(1, np.abs(value))
    if activation.is_monotone:
        above = np.asarray(activation(z + error)) - value
        below = value - np.asarray(activation(z - error))
        return value, np.maximum(above, below) + computing
    # Not monotone, or a function of a whole axis such as softmax: of which, is not asked.
    widest = np.max(error, axis=tuple(range(1, error.ndim)), keepdims=True)
    return value, activation.lipschitz * np.broadcast_to(widest, value.shape) + computing
