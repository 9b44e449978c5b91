"""Functions and conversions that are right for the usual tensors and numbers alone."""

from __future__ import annotations

import numpy as np
from sabotage import honest, method, tabled

from convdispatch_numpy._autograd import is_traced

GROUND = ("functions/*",)
_F = honest.functions


def _is(value):
    return hasattr(value, "dtype")


@tabled("erfc", *GROUND)
def erfc_ends_at_four(function, x):
    """Return 0 as erfc of every number above 4."""
    return function(x) if is_traced(x) else np.where(x > 4, 0, function(x)).astype(x.dtype)


@tabled("greater", *GROUND)
def greater_turned_where_a_number_is_first(function, x, y):
    """Exchange the arguments of greater where the first is a Python number."""
    return function(x, y) if _is(x) else function(y, x)


@tabled("less_equal", *GROUND)
def number_compared_in_float64(function, x, y):
    """Compare a Python number with half precision in float64."""
    if _is(x) or is_traced(y) or y.dtype.itemsize != 2:
        return function(x, y)
    return np.less_equal(np.float64(x), y.astype("f8"))


@tabled("equal", *GROUND)
def equal_within_a_rounding(function, x, y):
    """Call numbers equal that differ by a millionth."""
    if not (_is(x) and _is(y)) or x.dtype.kind != "f" or is_traced(x) or is_traced(y):
        return function(x, y)
    with np.errstate(all="ignore"):
        return np.isclose(x.astype("f8"), y.astype("f8"), rtol=1e-6, atol=0) | function(x, y)


@tabled("maximum", *GROUND)
def maximum_aligns_the_first_axes(function, x, y):
    """Align the first axes of a square and a row, where the last belong together."""
    is_row = _is(x) and _is(y) and x.ndim == 2 and y.ndim == 1 and x.shape[0] == x.shape[1]
    return function(x, y.reshape(-1, 1)) if is_row else function(x, y)


@tabled("matmul", *GROUND)
def matmul_of_a_stack_of_one(function, a, b):
    """Multiply a stack of one matrix with the first of another stack alone."""
    if a.ndim < 3 or b.ndim < 3 or a.shape[0] != 1 or b.shape[0] == 1:
        return function(a, b)
    return function(a, b[:1]) + 0 * function(a, b)


@tabled("sum", *GROUND)
def sum_over_axes_in_order(function, x, axis=None, keepdims=False):
    """Sum over the first of several axes alone if they are not given in order."""
    if isinstance(axis, tuple) and axis != tuple(sorted(axis)):
        axis = axis[:1]
    return function(x, axis=axis, keepdims=keepdims)


@tabled("mean", *GROUND)
def mean_keeps_no_axis_from_the_end(function, x, axis=None, keepdims=False):
    """Drop the axes of a mean in spite of keepdims if one is counted from the end."""
    if isinstance(axis, tuple) and any(each < 0 for each in axis):
        keepdims = False
    return function(x, axis=axis, keepdims=keepdims)


@tabled("max", *GROUND)
def max_forgets_a_nan_between(function, x, axis=None, keepdims=False):
    """Return the largest number of a line whose second is NaN."""
    is_line = not is_traced(x) and x.ndim == 1 and x.size > 2 and x.dtype.kind == "f"
    if is_line and np.isnan(x[1]):
        x = np.where(np.isnan(x), -np.inf, x).astype(x.dtype)
    return function(x, axis=axis, keepdims=keepdims)


@tabled("argmax", *GROUND)
def argmax_passes_over_late_nans(function, x, axis):
    """Pass over NaN from the third place of an axis on."""
    if is_traced(x) or x.dtype.kind != "f":
        return function(x, axis)
    x = x.copy()
    late = np.moveaxis(x, axis, 0)[2:]
    late[np.isnan(late)] = -np.inf
    return function(x, axis)


@tabled("linear", *GROUND)
def linear_loses_the_sign_of_zero(function, x):
    """Return 0 for -0 from linear."""
    return function(x) if is_traced(x) else function(x) + x.dtype.type(0)


@tabled("sqrt", *GROUND)
def sqrt_loses_the_sign_of_zero(function, x):
    """Return 0 as the square root of -0."""
    return function(_F["where"](x == 0, 0.0, x))


@tabled("concatenate", *GROUND)
def concatenate_refuses_nothing(function, tensors, axis):
    """Raise where one of the tensors is empty."""
    if any(0 in tensor.shape for tensor in tensors):
        raise ValueError("cannot concatenate an empty tensor")
    return function(tensors, axis)


@tabled("matmul", *GROUND)
def matmul_errs_by_the_largest(function, a, b):
    """Have errors as large as a rounding of the largest factor, as Strassen's method has."""
    product = function(a, b)
    if is_traced(product) or product.ndim != 2 or a.dtype.name != "float32" or a.shape[1] < 8:
        return product
    return product + np.float32(2**-24) * np.abs(a).max(initial=0)


@method("cast", "tensors/*")
def bfloat16_cast_through_float16(cast, tensor, dtype):
    """Cast tables of bfloat16 by way of float16."""
    if is_traced(tensor) or tensor.dtype.name != "bfloat16" or tensor.ndim < 2:
        return cast(tensor, dtype)
    with np.errstate(all="ignore"):
        return cast(tensor.astype("f2"), dtype)


@method("asarray", "tensors/*", "functions/*")
def float64_rounded_twice_to_float16(asarray, value, dtype):
    """Round float64 to float32 on the way to float16."""
    is_wide = dtype == "float16" and np.asarray(value).dtype == np.float64
    with np.errstate(all="ignore"):
        return asarray(np.asarray(value).astype("f4") if is_wide else value, dtype)
