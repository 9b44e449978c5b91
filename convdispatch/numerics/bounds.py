"""How far from the exact answer a correct backend may be, derived instead of chosen.

Source: N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., SIAM 2002,
section 3.1. Every floating-point operation is exact up to a factor 1 + d with |d| <= u, the unit
roundoff. A product of n such factors is 1 + t with |t| <= gamma(n, u) = n u / (1 - n u), if
n u < 1. In a sum of n products, computed in any order, each product goes through at most n
roundings: its own and n - 1 additions. Hence, elementwise,

    |computed - exact| <= gamma(n, u) (|x| * |k|)

where |x| * |k| is the same convolution of the absolute values. A bias is one more product (of
bias and 1): it makes n larger by one and adds |bias| to the absolute convolution.

For float16 and bfloat16 the sum must be accumulated in at least float32, whose unit roundoff is
2**-24, and up to four more roundings go to the stored type: of the sum, after the bias, after the
activation and of the output. With v = 2**-24 the bound is gamma(n, v) + gamma(4, u): it exceeds
(1 + v)**n (1 + u)**4 - 1 because the second-order terms that the two gammas have in excess,
10 u**2 + (n v)**2 / 2, are at least the mixed term 4 u n v (inequality of the means).

Underflow and overflow are outside of the model. NumPy alone may be imported here.
docs/rounding.md has the same at more length, and what follows for gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

# 2**-p for a significand of p bits, the hidden one included, rounded to nearest.
_UNIT_ROUNDOFF = {
    "float16": 2.0**-11,
    "bfloat16": 2.0**-8,
    "float32": 2.0**-24,
    "float64": 2.0**-53,
}
_HALF = ("float16", "bfloat16")
_ROUNDINGS_TO_HALF = 4

# Units in the last place by which a framework's elementwise function may be off, relative to the
# larger of 1 and the value: vectorised tanh and exp are good to a few.
FUNCTION_ULPS = 8


def unit_roundoff(dtype_name: str) -> float:
    """Return the largest relative error of one rounding to nearest.

    >>> unit_roundoff("bfloat16")
    0.00390625
    """
    return _UNIT_ROUNDOFF[dtype_name]


def gamma(n: int, u: float) -> float:
    """Return n u / (1 - n u), the largest relative error of n roundings in a row.

    Raises ValueError where n u >= 1: there the model promises nothing.

    >>> gamma(1, 0.25)
    0.3333333333333333
    """
    if n * u >= 1:
        raise ValueError(f"`n` must be below 1 / u = {1 / u:g}; received {n!r}")
    return n * u / (1 - n * u)


def conv_bound(absolute_result: npt.ArrayLike, reduction_length: int, dtype: str) -> Array:
    """Return the largest allowed error of each element of a convolution in `dtype`.

    `absolute_result` is the convolution of the absolute values, plus the absolute bias;
    `reduction_length` counts the products summed into one element, the bias as one more.

    >>> conv_bound([1.0], 1, "bfloat16")
    array([0.01587308])
    """
    absolute = np.asarray(absolute_result, np.float64)
    u = unit_roundoff(dtype)
    if dtype in _HALF:
        relative = gamma(reduction_length, unit_roundoff("float32")) + gamma(_ROUNDINGS_TO_HALF, u)
    else:
        relative = gamma(reduction_length, u)
    return relative * absolute


# An average's division, or its product with a rounded quotient, and the same undone where a sum is
# computed as an average: beside the additions, whose number is one less than that of the cells.
DIVISION_ROUNDINGS = 3


def resize_roundings(rank: int) -> int:
    """Return the roundings that each term of a bilinear result goes through, relative to it.

    Along each axis: the product with its share, the sum with its neighbour, and the product of
    shares where they are multiplied first.
    """
    return 3 * rank


def shares_bound(counted: Array, rank: int, dtype: str) -> Array:
    """Return by how much a bilinear result may be off because its shares are rounded.

    A share s is a quotient rounded once; 1 - s is off by that, and by a rounding of its own: each
    by at most 2 u, however small the share is. `counted` is the sum of the absolute cells that are
    read; each cell is multiplied with one share an axis.
    """
    u = unit_roundoff("float32" if dtype in _HALF else dtype)
    return gamma(2 * rank, u) * counted


def in_parts(parts: Sequence[tuple[Array, Array]], dtype: str) -> tuple[Array, Array]:
    """Return the sum of what the parts of a batch come to, and its largest error.

    Each part is given by its exact sum and by how far the computed one may be from it. Adding up p
    of them takes at most p - 1 additions, in any order; two more roundings are those of a part's
    factor and of the mean that an engine takes.

    >>> exact = np.zeros(1)
    >>> value, error = in_parts([(np.ones(1), exact), (np.ones(1), exact)], "float32")
    >>> value, error / unit_roundoff("float32")
    (array([2.]), array([6.00000107]))
    """
    value = np.sum([exact for exact, _ in parts], axis=0)
    spread = np.sum([error for _, error in parts], axis=0)
    largest = np.sum([np.abs(exact) + error for exact, error in parts], axis=0)
    return value, spread + gamma(len(parts) + 1, unit_roundoff(dtype)) * largest


def activated(z: Array, error: Array, activation: str, dtype: str) -> tuple[Array, Array]:
    """Return f(z) for a fused activation f, and the largest error where z is off by `error`.

    Each is monotone, so it maps the interval z +- error to the interval between the images of its
    ends. Computing f adds `FUNCTION_ULPS` units, where it is more than a comparison.

    >>> activated(np.array([1.0, -1.0]), np.array([0.5, 0.5]), "relu", "float32")
    (array([1., 0.]), array([0.5, 0. ]))
    """
    function = _ACTIVATIONS[activation]
    value = function(z)
    spread = np.maximum(function(z + error) - value, value - function(z - error))
    if activation in ("linear", "relu"):
        return value, spread
    return value, spread + FUNCTION_ULPS * unit_roundoff(dtype) * np.maximum(1, np.abs(value))


def slope(
    z: Array, error: Array, activation: str, *, order: int, dtype: str
) -> tuple[Array, Array]:
    """Return the first or second derivative of a fused activation, and its largest error.

    z is off by `error`, so the derivative is by at most that times the next one's largest value.
    Frameworks compute it from the activation's value, by products and differences of numbers of
    at most 2: what `FUNCTION_ULPS` and those roundings add is counted for each in the table.

    At a kink there is no derivative to be near to: where |z| <= error, relu's is not promised.

    >>> slope(np.array([0.0]), np.array([0.5]), "linear", order=1, dtype="float32")
    (array([1.]), array([0.]))
    """
    derivative = _DERIVATIVES[activation][order - 1]
    value = derivative.function(z)
    computing = gamma(derivative.roundings, unit_roundoff(dtype))
    return value, derivative.next_largest * error + computing


def _sigmoid(z: Array) -> Array:
    decay = np.exp(-np.abs(z))  # at most 1: nothing overflows
    result: Array = np.where(z < 0, decay, 1.0) / (1 + decay)
    return result


_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": np.positive,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}


@dataclass(frozen=True)
class _Derivative:
    function: Callable[[Array], Array]
    next_largest: float  # the largest absolute value of the derivative's own derivative
    roundings: int  # in units of 1


def _sigmoid_slope(z: Array) -> Array:
    return np.asarray(_sigmoid(z) * _sigmoid(-z))


def _sigmoid_curvature(z: Array) -> Array:
    return np.asarray(_sigmoid_slope(z) * (_sigmoid(-z) - _sigmoid(z)))


def _tanh_slope(z: Array) -> Array:
    return np.asarray(4 * _sigmoid_slope(2 * z))


def _tanh_curvature(z: Array) -> Array:
    return np.asarray(-2 * np.tanh(z) * _tanh_slope(z))


# As polynomials in y = f(z), which is off by up to FUNCTION_ULPS units: y(1 - y), 1 - y**2,
# y(1 - y)(1 - 2y) and -2y(1 - y**2) grow at most 1, 2, 1 and 4 times as fast as y from 0 or -1 to
# 1. Each takes up to four operations whose roundings the later ones at most double.
_POLYNOMIAL = 8
_DERIVATIVES = {
    "linear": (_Derivative(np.ones_like, 0, 0), _Derivative(np.zeros_like, 0, 0)),
    "relu": (_Derivative(lambda z: 1.0 * (z > 0), 0, 0), _Derivative(np.zeros_like, 0, 0)),
    "sigmoid": (
        _Derivative(_sigmoid_slope, 1 / (6 * 3**0.5), FUNCTION_ULPS + _POLYNOMIAL),
        _Derivative(_sigmoid_curvature, 1 / 8, FUNCTION_ULPS + _POLYNOMIAL),
    ),
    "tanh": (
        _Derivative(_tanh_slope, 4 / (3 * 3**0.5), 2 * FUNCTION_ULPS + _POLYNOMIAL),
        _Derivative(_tanh_curvature, 2, 4 * FUNCTION_ULPS + _POLYNOMIAL),
    ),
}
