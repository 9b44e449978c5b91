"""Backends whose gradients are wrong at kinks, at ties, or on one of the ways that they go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import honest, lowering, method, tabled
from saboteurs_gradients import tampered

from convdispatch.ops import Conv, ConvTranspose, Dense
from convdispatch_numpy._autograd import differentiable, is_traced

GROUND = ("*/grad/*",)
FUNCTIONS = ("functions/grad/*",)
_F = honest.functions


def _relu_with_slope(lower, op, signature, slope_at_zero):
    if op.activation != "relu":
        return lower(op, signature)
    linear = lower(replace(op, activation="linear"), signature)
    relu = differentiable(
        _F["relu"], lambda answer, z: lambda g: g * ((z > 0) + slope_at_zero * (z == 0))
    )
    return lambda *tensors: relu(linear(*tensors))


@lowering(*GROUND, ops=(Conv,))
def fused_relu_rises_at_zero(lower, op, signature):
    """Give a convolution's fused relu the slope 1 at 0."""
    return _relu_with_slope(lower, op, signature, 1)


@lowering(*GROUND, ops=(ConvTranspose, Dense))
def fused_relu_rises_by_half_at_zero(lower, op, signature):
    """Give the fused relu of a transposed convolution or a product the slope 1/2 at 0."""
    return _relu_with_slope(lower, op, signature, 0.5)


@tabled("maximum", *FUNCTIONS)
def maximum_gives_both_the_whole(maximum, x, y):
    """Give each of two equal tensors of one shape the whole gradient of their maximum."""
    shapes = [getattr(each, "shape", None) for each in (x, y)]
    if shapes[0] != shapes[1] or not (is_traced(x) and is_traced(y)):
        return maximum(x, y)
    both = differentiable(
        maximum,
        lambda answer, x, y: lambda g: g * (x >= y),
        lambda answer, x, y: lambda g: g * (y >= x),
    )
    return both(x, y)


@tabled("max", *FUNCTIONS)
def max_gives_all_ties_the_whole(function, x, axis=None, keepdims=False):
    """Give every number that is the largest the whole gradient of a maximum."""
    if not is_traced(x) or not keepdims:
        return function(x, axis=axis, keepdims=keepdims)
    every = differentiable(
        lambda t: function(t, axis=axis, keepdims=True),
        lambda answer, t: lambda g: g * (t == answer),
    )
    return every(x)


@tabled("abs", *FUNCTIONS)
def abs_rises_at_zero(function, x):
    """Give abs the slope 1 at 0."""
    return differentiable(function, lambda answer, x: lambda g: g * (2 * (x >= 0) - 1.0))(x)


@tabled("power", *FUNCTIONS)
def power_divided_by_its_base(function, x, y):
    """Compute the slope of a power as y * power(x, y) / x, which is NaN at 0."""
    if not is_traced(x) or hasattr(y, "dtype"):
        return function(x, y)
    power = differentiable(lambda t: function(t, y), lambda answer, t: lambda g: g * y * answer / t)
    with np.errstate(all="ignore"):
        return power(x)


@tabled("relu", *FUNCTIONS)
def relu_ends_second_derivatives(function, x):
    """Treat the gradient that goes back through relu as a constant."""
    through = differentiable(function, lambda answer, t: lambda g: _F["stop_gradient"](g) * (t > 0))
    return through(x)


@lowering(*GROUND, ops=(Conv,))
def float32_second_derivative_doubled(lower, op, signature):
    """Return twice the derivative of a float32 input's gradient."""
    compute = lower(op, signature)
    if signature.dtype != "float32":
        return compute

    def twice(g):
        return tampered(g, lambda h: 2 * h)

    return lambda x, *weights: compute(tampered(x, twice), *weights)


@method("value_and_grad", "tensors/grad/*")
def gradients_in_a_tuple(value_and_grad, fn):
    """Return the gradients as a tuple."""
    differentiate = value_and_grad(fn)

    def compute(tensors):
        value, gradients = differentiate(tensors)
        return value, tuple(gradients)

    return compute


@method("cast", "tensors/grad/*")
def gradients_end_at_a_cast(cast, tensor, dtype):
    """Treat what is cast as a constant."""
    return cast(_F["stop_gradient"](tensor), dtype)


@method("cast", "tensors/grad/*")
def gradients_end_at_half_precision(cast, tensor, dtype):
    """Treat what is cast to half precision as a constant."""
    return cast(_F["stop_gradient"](tensor) if "16" in dtype else tensor, dtype)


@method("compile", "tensors/grad/*")
def gradients_end_at_compiled_functions(compile_function, fn):
    """Treat the results of compiled functions as constants."""
    compiled = compile_function(fn)
    return lambda *tensors: _F["stop_gradient"](compiled(*tensors))
