"""Slopes of functions of a tensor over their whole range, and the signs of zeros.

A slope made of a rounded value, or of powers that overflow, is right near 1 and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases.differentiation import SLOPES
from convdispatch.conformance.cases.function_range import all_of_half, of_every_exponent
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, spacing
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Tensor

# Functions whose logarithm or root has positive arguments alone.
_OF_POSITIVE = ("log", "log1p", "sqrt")
_NAMES = (
    "abs", "erf", "erfc", "exp", "expm1", "linear", "log", "log1p", "relu", "sigmoid", "sqrt",
    "tanh",
)  # fmt: skip
# -0.0 where it is the result of -0.0, 0.0 where the result has a plus.
_OF_MINUS_ZERO = {
    "linear": -0.0, "stop_gradient": -0.0, "tanh": -0.0, "erf": -0.0, "expm1": -0.0,
    "log1p": -0.0, "sqrt": -0.0, "abs": 0.0,
}  # fmt: skip
_STEP = 9


def cases(seed: int) -> Iterator[Case]:
    """Yield the slope of each function in each element type, and zero's sign."""
    for dtype in FLOAT_DTYPES:
        for name in _NAMES:
            yield Case(
                id=f"functions/grad/{name}-everywhere-{dtype}",
                level="grad",
                op="functions",
                claim="The slope is right for numbers of every size.",
                check=slope_everywhere,
                arguments=(name, dtype, seed),
                features=(dtype, "gradients"),
            )
        for name in _OF_MINUS_ZERO:
            yield Case(
                id=f"functions/contract/{name}-of-minus-zero-{dtype}",
                level="contract",
                op="functions",
                claim="What is minus zero of minus zero keeps its sign.",
                check=of_minus_zero,
                arguments=(name, dtype),
                features=(dtype,),
            )


def slope_everywhere(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Compare the gradient of the sum of the function's values with the derivative."""
    half = dtype in HALF_DTYPES
    numbers = (all_of_half(dtype) if half else of_every_exponent(dtype, seed))[::_STEP]
    if name in _OF_POSITIVE:
        numbers = numbers[numbers > 0]
    _, _, derivative = SLOPES[name]
    total, function = backend.functions["sum"], backend.functions[name]

    def fn(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        return total(function(tensors[0])), None

    with np.errstate(all="ignore"):
        exact = np.asarray(derivative(numbers), np.float64)
        rounded = round_to(exact, dtype)
        _, (found,) = backend.value_and_grad(fn)([backend.asarray(numbers, dtype)])
    want = np.where(np.isfinite(rounded), exact, rounded)
    got = np.asarray(backend.to_numpy(found))
    limits = _allowed(want, dtype)
    return require_within(got, want, limits, dtype, f"the slope of {name!r}")


def of_minus_zero(backend: Backend, name: str, dtype: str) -> None:
    """Compute the function of zeros of both signs among other numbers."""
    x = np.array([-0.0, 0.5, 0.0, -0.0, 0.25])
    got = np.asarray(backend.to_numpy(backend.functions[name](backend.asarray(x, dtype))))
    signs = np.signbit(got.astype(np.float64))[[0, 2, 3]]
    minus = bool(np.signbit(_OF_MINUS_ZERO[name]))
    if got[[0, 2, 3]].astype(np.float64).any() or signs.tolist() != [minus, False, minus]:
        raise Mismatch(f"{name!r} of -0, 0 and -0 is {got[[0, 2, 3]].tolist()!r}")


def _allowed(want: Array, dtype: str) -> Array:
    """Return the largest errors: of three functions' values and, of half precision, a rounding."""
    size = np.where(np.isfinite(want), np.maximum(1, np.abs(want)), 0)
    unit = bounds.unit_roundoff("float32" if dtype in HALF_DTYPES else dtype)
    limits: Array = 3 * bounds.FUNCTION_ULPS * unit * size
    return limits + spacing(want, dtype) / 2 if dtype in HALF_DTYPES else limits
