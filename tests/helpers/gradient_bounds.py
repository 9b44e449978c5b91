"""How far float32 gradients of one layer may be from the exact ones, derived.

With z the affine part of the layer, known up to e, and c the cotangent, the layer passes on
g = c f'(z). Its error is at most |c| (L2 e + 8 u), L2 the largest |f''|, plus |c| times the jump
of f' where z is within e of a kink. The gradients are products of g with absolute values of the
kernel or the input, and gamma_n of the number of products summed bounds their rounding.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.conformance.bounds import FUNCTION_ULPS, gamma, unit_roundoff
from convdispatch.layers import Layer
from convdispatch.numerics.gradients import gradients
from convdispatch.numerics.rounding import affine_with_bound

Array = npt.NDArray[Any]

# Largest second derivative in absolute value, largest first derivative, and the kinks: place to
# jump of the slope. From the formulas; selu with alpha 1.6733, scale 1.0507.
CURVATURES: dict[str, tuple[float, float, dict[float, float]]] = {
    "linear": (0.0, 1.0, {}),
    "relu": (0.0, 1.0, {0.0: 1.0}),
    "sigmoid": (0.0963, 0.25, {}),
    "hard_sigmoid": (0.0, 0.2, {-2.5: 0.2, 2.5: 0.2}),
    "tanh": (0.7699, 1.0, {}),
    "softplus": (0.25, 1.0, {}),
    "softsign": (2.0, 1.0, {}),
    "elu": (1.0, 1.0, {}),
    "selu": (1.7581, 1.7581, {0.0: 0.7074}),
}


def gradient_bounds(
    layer: Layer, plain: Layer, x: Array, cotangent: Array, activation: str
) -> list[Array]:
    """Return the largest error of the gradient of x, then of each weight.

    `layer` has its weights; `plain` is the same layer with the linear activation.
    """
    u = unit_roundoff("float32")
    exact = layer.to("numpy", dtype="float64")
    z, error = affine_with_bound(exact, x, np.zeros_like(x), "float32")
    curvature, slope, kinks = CURVATURES[activation]
    passed_error = np.abs(cotangent) * (curvature * error + FUNCTION_ULPS * u * slope)
    for place, jump in kinks.items():
        passed_error += np.abs(cotangent) * jump * (np.abs(z - place) <= error)
    passed = np.abs(cotangent) * slope + passed_error
    absolute = plain.to("numpy", dtype="float64")
    if absolute.variables:
        absolute.set_weights([np.abs(weight) for weight in absolute.get_weights()])
    largest = gradients(absolute, np.abs(x), passed)
    carried = gradients(absolute, np.abs(x), passed_error)
    relative = gamma(_longest_sum(layer, x, cotangent), u)
    return [
        relative * total + extra
        for total, extra in zip(
            [largest.inputs, *largest.weights], [carried.inputs, *carried.weights], strict=True
        )
    ]


def _longest_sum(layer: Layer, x: Array, cotangent: Array) -> int:
    """Return at least the products summed into any gradient: every use of any number."""
    kernels = sum(math.prod(weight.shape) for weight in layer.declared_weights)
    return kernels + max(x.size, cotangent.size) + 8
