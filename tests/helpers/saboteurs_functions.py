"""Tables of functions in which one function is wrong."""

from __future__ import annotations

import numpy as np
from sabotage import honest, tabled

from convdispatch_numpy._autograd import differentiable, is_traced

GROUND = ("functions/*",)
_F = honest.functions


@tabled("max", *GROUND)
def max_ignores_keepdims(function, x, axis=None, keepdims=False):
    """Drop the axes of a maximum even with keepdims."""
    return function(x, axis=axis)


@tabled("sum", *GROUND)
def sum_takes_negative_axes_for_none(function, x, axis=None, keepdims=False):
    """Sum over all axes if one of the given axes is negative."""
    axes = (axis,) if isinstance(axis, int) else axis
    every = axes is not None and any(a < 0 for a in axes)
    return function(x, axis=None if every else axis, keepdims=keepdims)


@tabled("mean", *GROUND)
def mean_over_the_first_axis(function, x, axis=None, keepdims=False):
    """Average over the first of several axes only, and sum over the others."""
    if not isinstance(axis, tuple) or len(axis) < 2:
        return function(x, axis=axis, keepdims=keepdims)
    return function(x, axis=axis, keepdims=keepdims) * (x.size // x.shape[axis[0]])


@tabled("sum", *GROUND)
def float16_summed_in_float16(function, x, axis=None, keepdims=False):
    """Add float16 numbers one by one in float16."""
    if is_traced(x) or x.dtype.name != "float16" or axis is not None:
        return function(x, axis=axis, keepdims=keepdims)
    total = np.add.accumulate(x.ravel())[-1:] if x.size else np.zeros(1, x.dtype)
    return total.reshape((1,) * x.ndim if keepdims else ())


def _first(g, like):
    repeated = [axis for axis, size in enumerate(like.shape) if size != g.shape[axis]]
    return g[tuple(slice(0, 1) if axis in repeated else slice(None) for axis in range(g.ndim))]


_unsummed_where = differentiable(
    np.where,
    None,
    lambda answer, chosen, x, y: lambda g: _first(_F["where"](chosen, g, 0.0 * g), x),
    lambda answer, chosen, x, y: lambda g: _first(_F["where"](chosen, 0.0 * g, g), y),
)


@tabled("where", *GROUND)
def where_gradient_of_the_first_cell(function, chosen, x, y):
    """Give a number that is repeated along an axis the gradient of the first place alone."""
    whole = all(getattr(one, "ndim", -1) == np.ndim(chosen) for one in (x, y))
    is_half = getattr(x, "dtype", None) not in (np.float32, np.float64)
    return function(chosen, x, y) if is_half or not whole else _unsummed_where(chosen, x, y)


@tabled("flip", *GROUND)
def flip_turns_one_axis(function, x, axes):
    """Reverse only the first of several axes."""
    return function(x, axes[:1] if isinstance(axes, tuple) else axes)


@tabled("matmul", *GROUND)
def matmul_of_transposed_squares(function, a, b):
    """Transpose the second factor if it is square."""
    square = b.ndim >= 2 and b.shape[b.ndim - 1] == b.shape[b.ndim - 2]
    return function(a, b.swapaxes(b.ndim - 1, b.ndim - 2) if square else b)


@tabled("matmul", *GROUND)
def matmul_of_the_first_matrix(function, a, b):
    """Use the first matrix of a stack for all of them."""
    return function(a * 0 + a[:1], b) if a.ndim > 2 else function(a, b)


@tabled("where", *GROUND)
def where_swapped(function, condition, x, y):
    """Return the second choice where the condition holds."""
    return function(condition, y, x)


@tabled("log1p", *GROUND)
def log1p_written_out(function, x):
    """Compute log1p(x) as log(1 + x), which loses the digits of a small x."""
    return _F["log"](1 + x)


@tabled("expm1", *GROUND)
def expm1_written_out(function, x):
    """Compute expm1(x) as exp(x) - 1, which loses the digits of a small x."""
    return _F["exp"](x) - 1


@tabled("erf", *GROUND)
def erf_approximated(function, x):
    """Compute erf to four digits, by a tanh."""
    return _F["tanh"](1.1283791670955126 * x + 0.1009 * x * x * x)


@tabled("tanh", *GROUND)
def tanh_approximated(function, x):
    """Return the tanh of an argument that is a ten-thousandth too large."""
    return function(x * 1.0001)


@tabled("sigmoid", *GROUND)
def sigmoid_overflows(function, x):
    """Compute a sigmoid as exp(x) / (1 + exp(x))."""
    with np.errstate(all="ignore"):
        grown = _F["exp"](x)
        return grown / (1 + grown)


@tabled("relu", *GROUND)
def relu_swallows_nan(function, x):
    """Return 0 for NaN from relu."""
    return _F["where"](x > 0, x, 0)


@tabled("maximum", *GROUND)
def maximum_swallows_nan(function, a, b):
    """Return the other number where one argument of maximum is NaN."""
    return (
        _F["where"](a == a, function(_F["where"](a == a, a, 0), b), b) if _is(a) else function(a, b)
    )


@tabled("minimum", *GROUND)
def minimum_of_numbers_only(function, a, b):
    """Compare with the first number of the second tensor only."""
    return function(a, b.ravel()[0] if _is(b) and b.ndim and not is_traced(b) else b)


@tabled("sqrt", *GROUND)
def sqrt_of_negatives_is_zero(function, x):
    """Return 0 for the square root of a negative number."""
    return function(_F["where"](x < 0, 0, x))


@tabled("log", *GROUND)
def log_of_zero_limited(function, x):
    """Return log(1e-7) for the logarithm of 0."""
    return function(_F["where"](x == 0, 1e-7, x))


@tabled("exp", *GROUND)
def exp_limited(function, x):
    """Return exp(50) for every larger argument."""
    return function(_F["where"](x > 50, 50, x))


@tabled("abs", *GROUND)
def abs_of_infinity_is_nan(function, x):
    """Compute |x| as x * sign(x), with NaN for an infinite x."""
    with np.errstate(all="ignore"):
        return _F["where"](x > 0, x + (x - x), -x + (x - x))


@tabled("reshape", *GROUND)
def reshape_by_columns(function, x, shape):
    """Reshape in column order: the first axis varies fastest."""
    return x.reshape(shape) if is_traced(x) else np.reshape(x, shape, order="F")


@tabled("transpose", *GROUND, "layers/*")
def transpose_inverted(function, x, axes=None):
    """Apply the inverse of the given permutation."""
    return function(x) if axes is None else function(x, tuple(int(a) for a in np.argsort(axes)))


@tabled("where", *GROUND)
def where_gives_float64(function, condition, x, y):
    """Return float64 where one of the choices is a Python number."""
    chosen = function(condition, x, y)
    return chosen if _is(x) and _is(y) else chosen.astype("f8")


def _is(value):
    return hasattr(value, "dtype")


@tabled("sigmoid", "functions/*")
def sigmoid_by_tanh(function, x):
    """Compute a sigmoid as (1 + tanh(x / 2)) / 2, which loses the digits of small results."""
    return (1 + _F["tanh"](x / 2)) / 2


@tabled("sigmoid", "functions/*")
def sigmoid_computed_in_float16(function, x):
    """Compute a float16 sigmoid as 1 / (1 + exp(-x)) in float16."""
    if is_traced(x) or x.dtype.name != "float16":
        return function(x)
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-x))


@tabled("tanh", "functions/*")
def tanh_is_its_argument_near_zero(function, x):
    """Return x itself for tanh(x) below 0.02 in float32."""
    if x.dtype.name != "float32":
        return function(x)
    return _F["where"](_F["abs"](x) < 0.02, x, function(x))


@tabled("erf", "functions/*")
def erf_by_its_complement(function, x):
    """Compute a float16 erf as 1 minus a rounded erfc, which loses all digits near 0."""
    if x.dtype.name != "float16":
        return function(x)
    rest = (1 - function(x.astype("f4"))).astype("f4")
    return (1 - rest.astype("f2")).astype("f2")


@tabled("mean", "functions/*")
def mean_rounds_its_sum(function, x, axis=None, keepdims=False):
    """Round a float16 sum to float16 before dividing it."""
    if x.dtype.name != "float16":
        return function(x, axis=axis, keepdims=keepdims)
    with np.errstate(all="ignore"):
        total = _F["sum"](x, axis=axis, keepdims=keepdims)
        return (total / (x.size / max(total.size, 1))).astype("f2")


@tabled("matmul", "functions/*")
def matmul_rounds_its_products(function, a, b):
    """Round the products of float16 matrices to float16 before they are added."""
    if a.dtype.name != "float16" or a.ndim != 2 or b.ndim != 2:
        return function(a, b)
    with np.errstate(all="ignore"):
        products = a[:, :, None] * b[None]
    return _F["sum"](products, axis=(1,))


@tabled("max", "functions/*")
def max_takes_no_axis_for_all(function, x, axis=None, keepdims=False):
    """Treat an empty tuple of axes as all axes."""
    return function(x, axis=None if axis == () else axis, keepdims=keepdims)


@tabled("minimum", "functions/*")
def minimum_promotes_where_a_number_is_first(function, a, b):
    """Return float64 from minimum where its first argument is a Python number."""
    least = function(a, b)
    return least if _is(a) else least.astype("f8")


@tabled("log", "functions/*")
def log_of_small_numbers_limited(function, x):
    """Raise numbers between 0 and 1e-30 to 1e-30 before taking the logarithm."""
    return function(_F["where"]((x > 0) & (x < 1e-30), 1e-30, x))


@tabled("exp", "functions/*")
def exp_of_large_numbers_overflows_early(function, x):
    """Return infinity instead of results above 1e30."""
    return _F["where"](x > 69.0, np.inf, function(x))


@tabled("tanh", "functions/*")
def tanh_differentiated_in_half_precision(function, x):
    """Compute the slope of tanh in half precision from an already rounded value."""
    if x.dtype.itemsize != 2:
        return function(x)
    return _half_tanh(x)


_half_tanh = differentiable(
    lambda x: np.tanh(x), lambda answer, x: lambda g: g * (1 - answer * answer)
)


@tabled("max", "functions/contract/max*")
def nan_forgotten_in_max(max_, x, axis=None, keepdims=False):
    """Forget a NaN after the fourth number along the axis."""
    if isinstance(x, np.ndarray) and axis is not None and len(axis) == 1:
        place = np.arange(x.shape[axis[0]]).reshape(-1, *(1,) * (x.ndim - 1 - axis[0] % x.ndim))
        x = np.where(np.isnan(x) & (place >= 4), x.dtype.type(-np.inf), x)
    return max_(x, axis=axis, keepdims=keepdims)
