"""Tables of functions in which one that selects, encodes or compares is wrong."""

from __future__ import annotations

import numpy as np
from sabotage import honest, method, tabled

from convdispatch_numpy._autograd import differentiable

GROUND = ("functions/*",)
INTEGERS = ("*/integers-*", "random/*")
_F = honest.functions


@tabled("argmax", *GROUND)
def argmax_takes_the_last(function, x, axis):
    """Return the last of several equal maxima."""
    size = x.shape[axis]
    return size - 1 - function(_F["flip"](x, (axis,)), axis)


@tabled("argmax", *GROUND)
def argmax_passes_nan_over(function, x, axis):
    """Ignore NaN in the search for the largest number."""
    if x.dtype.kind in "biu":
        return function(x, axis)
    return function(np.where(np.isnan(x.astype("f8")), -np.inf, x), axis)


@tabled("take", *GROUND)
def take_in_order(function, x, indices, axis):
    """Take the cells in ascending order."""
    return function(x, np.sort(indices, axis=None).reshape(np.shape(indices)), axis)


@tabled("take", *GROUND, "*/grad/*")
def gradient_of_take_overwritten(function, x, indices, axis):
    """Give a cell that is taken repeatedly only the gradient of its last copy."""

    def back(answer, x, indices, axis):
        def gradient(g):
            found = np.zeros(x.shape, g.dtype)
            flat = np.ravel(indices)
            place = axis % x.ndim
            shape = (*x.shape[:place], flat.size, *x.shape[place + 1 :])
            np.moveaxis(found, place, 0)[flat] = np.moveaxis(g.reshape(shape), place, 0)
            return found

        return gradient

    return differentiable(function, back)(x, indices, axis)


@tabled("one_hot", *GROUND)
def one_hot_wraps_around(function, indices, depth, dtype):
    """Encode an index out of range as its remainder modulo the depth."""
    return function(indices % depth, depth, dtype)


@tabled("one_hot", *GROUND)
def one_hot_always_of_floats(function, indices, depth, dtype):
    """Return float32 where integers or booleans were asked for."""
    return function(indices, depth, dtype if dtype.startswith(("float", "bfloat")) else "float32")


@tabled("cumsum", *GROUND)
def cumsum_from_the_end(function, x, axis):
    """Sum from the last number to the first."""
    return _F["flip"](function(_F["flip"](x, (axis,)), axis), (axis,))


@tabled("cumsum", *GROUND)
def cumsum_in_half_precision(function, x, axis):
    """Sum half precision in half precision."""
    if x.dtype.name not in ("float16", "bfloat16"):
        return function(x, axis)
    total = x.copy()
    moved = np.moveaxis(total, axis, 0)
    for index in range(1, len(moved)):
        moved[index] = (moved[index - 1] + moved[index]).astype(x.dtype)
    return total


@tabled("pad", *GROUND)
def pad_value_forgotten(function, x, pads, value=0.0):
    """Pad with zeros, whatever the given value is."""
    return function(x, pads)


@tabled("concatenate", *GROUND)
def concatenated_from_the_last(function, tensors, axis):
    """Put the last tensor first."""
    return function(list(tensors)[::-1], axis)


@tabled("stack", *GROUND)
def stacked_before_the_last_axis(function, tensors, axis):
    """Count a negative axis of a stack among the axes of its tensors."""
    return function(tensors, axis - 1 if axis < 0 else axis)


@tabled("power", *GROUND)
def power_of_negative_is_nan(function, x, y):
    """Compute powers by logarithms, which gives NaN for negative numbers."""
    with np.errstate(all="ignore"):
        found = _F["exp"](y * _F["log"](x * 1.0 if hasattr(x, "dtype") else np.float64(x)))
        dtype = x.dtype if hasattr(x, "dtype") else y.dtype
        return found.astype(dtype)


@tabled("sign", *GROUND)
def sign_of_zero_is_one(function, x):
    """Return 1 for zero."""
    return function(x) + (x == 0).astype(x.dtype)


@tabled("clip", *GROUND)
def clip_swallows_nan(function, x, low, high):
    """Clip NaN to the lower bound."""
    found = function(x, low, high)
    return _F["where"](found == found, found, low)


@tabled("clip", "functions/*", "*/grad/*")
def gradient_of_clip_everywhere(function, x, low, high):
    """Pass on the gradient of clipped numbers."""
    return differentiable(function, lambda answer, x, low, high: lambda g: g)(x, low, high)


@tabled("clip", "functions/*", "*/grad/*")
def gradient_of_clip_not_at_its_ends(function, x, low, high):
    """Stop the gradient of a number that equals a bound."""

    def back(answer, x, low, high):
        return lambda g: g * ((x > low) & (x < high))

    return differentiable(function, back)(x, low, high)


@tabled("stop_gradient", "functions/*", "*/grad/*")
def gradient_not_stopped(function, x):
    """Pass on every gradient in spite of stop_gradient."""
    return _F["linear"](x)


@tabled("equal", *GROUND)
def nan_equals_nan(function, x, y):
    """Report that NaN equals NaN."""
    same = function(x, y)
    if not (hasattr(x, "dtype") and hasattr(y, "dtype")) or x.dtype.kind in "biu":
        return same
    return same | (np.isnan(x.astype("f8")) & np.isnan(y.astype("f8")))


@tabled("less_equal", *GROUND)
def less_or_equal_is_less(function, x, y):
    """Report that equal numbers are not less or equal."""
    return _F["less"](x, y)


@tabled("greater", *GROUND)
def integers_compared_as_float32(function, x, y):
    """Compare integers in float32."""
    if not hasattr(x, "dtype") or x.dtype.kind not in "iu":
        return function(x, y)
    return function(x.astype("f4"), np.asarray(y).astype("f4"))


@method("asarray", *INTEGERS)
def int64_by_way_of_float64(asarray, value, dtype):
    """Convert int64 through float64."""
    if dtype != "int64":
        return asarray(value, dtype)
    with np.errstate(all="ignore"):
        return asarray(np.asarray(value).astype("f8").astype("i8"), dtype)


@method("asarray", *INTEGERS)
def bool_held_as_uint8(asarray, value, dtype):
    """Hold booleans as uint8."""
    return asarray(value, "uint8" if dtype == "bool" else dtype)


@method("variable", *INTEGERS)
def int32_wraps_at_its_end(variable, value, dtype):
    """Hold the largest int32 as the smallest one in variables."""
    found = variable(value, dtype)
    if dtype == "int32":
        found[found == 2**31 - 1] = -(2**31)
    return found


@method("cast", *INTEGERS)
def integers_cast_to_nothing(cast, tensor, dtype):
    """Ignore casts of integers to floating point."""
    return tensor if tensor.dtype.kind in "biu" else cast(tensor, dtype)
