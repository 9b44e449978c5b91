"""Functions of a tensor over their whole range: every exponent, and all of half precision.

What is right near 1 may lose every digit elsewhere: a sigmoid as (1 + tanh(x / 2)) / 2 its small
results, one in float16 whatever lies beyond exp(11).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Measured
from convdispatch.conformance.cases.function_rows import REFERENCE, Functions
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, spacing
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend

NAMES = (
    "abs", "erf", "erfc", "exp", "expm1", "linear", "log", "log1p", "relu", "sigmoid", "sign",
    "sqrt", "stop_gradient", "tanh",
)  # fmt: skip
_EXACT = (
    "abs", "linear", "relu", "sign", "stop_gradient", "clip", "maximum", "minimum", "less",
    "greater",
)  # fmt: skip

# Functions of more than one tensor, with numbers in the place of the others: numbers that every
# element type has.
_OF_NUMBERS: dict[str, Callable[[Functions, Any], Any]] = {
    "clip": lambda f, x: f["clip"](x, -3.0, 9984.0),
    "maximum": lambda f, x: f["maximum"](x, 0.0078125),
    "less": lambda f, x: f["where"](f["less"](x, 0.3125), x, 1.0),
    "power-square": lambda f, x: f["power"](x, 2.0),
    "power-reciprocal": lambda f, x: f["power"](x, -1.0),
    "power-root": lambda f, x: f["power"](f["abs"](x), 0.5),
    "power-cube": lambda f, x: f["power"](x, 3),
    "power-of-two": lambda f, x: f["power"](2.0, x),
    "power-of-itself": lambda f, x: f["power"](f["abs"](x), f["clip"](x, -8.0, 8.0)),
    "minimum": lambda f, x: f["minimum"](0.0078125, x),
    "greater": lambda f, x: f["where"](f["greater"](0.3125, x), x, 1.0),
}

# The exponents of the smallest and the largest normal number. A processor may take smaller numbers
# for zero; float16 is computed in float32, whose numbers begin far below its own.
_EXPONENTS = {"bfloat16": (-126, 127), "float32": (-126, 127), "float64": (-1022, 1023)}
# One number in so many of what takes long, or is a comparison.
_STEP = 5
# Beside powers of two and their lower neighbours.
_SIGNIFICANDS = 14


def cases(seed: int) -> Iterator[Case]:
    """Yield each function in each element type; `seed` draws the significands."""
    for name in (*NAMES, *_OF_NUMBERS):
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/contract/{name}-everywhere-{dtype}",
                level="contract",
                op="functions",
                claim="Within a few roundings of every result, and half precision rounded once.",
                check=everywhere,
                arguments=(name, dtype, seed),
                features=(dtype,),
            )


def everywhere(backend: Backend, name: str, dtype: str, seed: int) -> Measured:
    """Compute the function of numbers of every size and compare with NumPy's in float64."""
    numbers = numbers_of(dtype, seed)[:: 1 if name in NAMES and name != "erfc" else _STEP]
    with np.errstate(all="ignore"):
        expression = expression_of(name)
        exact = np.asarray(expression(REFERENCE, numbers), np.float64)
        tensor = backend.asarray(numbers, dtype)
        got = np.asarray(backend.to_numpy(expression(backend.functions, tensor)))
        rounded = round_to(exact, dtype)
    # Beyond the largest number of the type only infinity will do.
    want = np.where(np.isfinite(rounded), exact, rounded)
    return require_within(got, want, allowed(name, want, dtype), dtype, f"{name!r}")


def numbers_of(dtype: str, seed: int) -> Array:
    """Return the numbers of every size of which a function is computed."""
    return all_of_half(dtype) if dtype in HALF_DTYPES else of_every_exponent(dtype, seed)


def expression_of(name: str) -> Callable[[Functions, Any], Any]:
    """Return the expression that has this name in ids."""
    return _OF_NUMBERS.get(name) or (lambda f, x: f[name](x))


def allowed(name: str, exact: Array, dtype: str) -> Array:
    """Return the largest error of each result.

    A function may be off by `FUNCTION_ULPS` roundings of the element type that it is computed in,
    relatively, and by what counts as zero in it. Half precision is then rounded once, so that the
    result is one of the two numbers around the exact one.
    """
    size = np.where(np.isfinite(exact), np.abs(exact), 0.0)
    if name in _EXACT:
        return np.zeros_like(size)
    computed_in = "float32" if dtype in HALF_DTYPES else dtype
    units: Array | float = bounds.FUNCTION_ULPS
    if name == "erfc":  # a product of two functions, exp(-x**2) one of them, and x**2 is rounded
        units = 2 * units - np.log(np.where((size > 0) & (size < 1), size, 1))
    limit: Array = units * bounds.unit_roundoff(computed_in) * size
    limit = limit + (2.0 ** _EXPONENTS[dtype][0] if dtype in _EXPONENTS else 0.0)
    return limit + spacing(exact, dtype) / 2 if dtype in HALF_DTYPES else limit


def all_of_half(dtype: str) -> Array:
    """Return every finite number of the type, of bfloat16 the normal ones and zero."""
    bits = np.arange(2**16, dtype=np.uint32)
    if dtype == "float16":
        numbers = bits.astype(np.uint16).view(np.float16)
    else:
        numbers = (bits << 16).view(np.float32)
    numbers = numbers[np.isfinite(numbers)].astype(np.float64)
    if dtype == "float16":
        return numbers
    is_normal = np.abs(numbers) >= 2.0 ** _EXPONENTS[dtype][0]
    return np.asarray(numbers[is_normal | (numbers == 0)])


def of_every_exponent(dtype: str, seed: int) -> Array:
    """Return numbers of either sign with every exponent of the type's normal numbers."""
    low, high = _EXPONENTS[dtype]
    last_bit = 2 * bounds.unit_roundoff(dtype)
    drawn = np.random.default_rng((seed, high)).uniform(1, 2 - last_bit, _SIGNIFICANDS)
    significands = np.concatenate([[1.0, 2 - last_bit], drawn])
    sizes = round_to(np.ldexp(significands, np.arange(low, high + 1)[:, None]).ravel(), dtype)
    return np.concatenate([-sizes, [0.0], sizes])
