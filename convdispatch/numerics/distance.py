"""The distance of an answer from the exact one, in units of the bound and in ULP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.numerics.bounds import unit_roundoff

Array: TypeAlias = npt.NDArray[Any]

# The smallest normal number, 2**-n: below it, numbers are spaced evenly.
_SMALLEST_EXPONENT = {"float16": -14, "bfloat16": -126, "float32": -126, "float64": -1022}


class Mismatch(AssertionError):  # noqa: N818 - named after what is wrong, as in `errors`
    """A backend's answer contradicts the claim of the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The worst error among the numbers that a check compared."""

    dtype: str
    bounds: float  # in units of the allowed error; at most 1 where the check passed
    ulps: float  # in units in the last place of the expected number


def require_within(
    got: Array, want: npt.ArrayLike, allowed: npt.ArrayLike, dtype: str, what: str = "the result"
) -> Measured:
    """Return the worst error; raise `Mismatch` if it exceeds the bound.

    `got` must have the shape of `want` and that element type: an array that broadcasts is not the
    right answer. Where `want` is NaN or infinite, `got` must be the same.
    """
    want = np.asarray(want, np.float64)
    require_kind(got, want.shape, dtype, what)
    values = got.astype(np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(values - want)
    if not error.any():  # as most are: whatever is allowed, the answer is right
        return Measured(dtype=dtype, bounds=0.0, ulps=0.0)
    if not np.isfinite(error).all():  # else both arrays are finite
        error = _of_special(error, values, want)
    limits = np.asarray(allowed, np.float64)
    if limits.shape != want.shape:
        limits = np.broadcast_to(limits, want.shape)
    quotient = _quotient(error, limits)
    if (quotient > 1).any():
        raise Mismatch(_worst(values, want, limits, quotient, what))
    if not error.any():
        return Measured(dtype=dtype, bounds=0.0, ulps=0.0)
    ulps = error / spacing(want, dtype)
    return Measured(dtype=dtype, bounds=float(quotient.max()), ulps=float(ulps.max()))


def require_kind(got: Array, shape: tuple[int, ...], dtype: str, what: str = "the result") -> None:
    """Raise `Mismatch` unless the array has this shape and this element type."""
    if got.shape != shape:
        raise Mismatch(f"{what} has shape {got.shape}; expected {shape}")
    if got.dtype.name != dtype:
        raise Mismatch(f"{what} has element type {got.dtype.name!r}; expected {dtype!r}")


def spacing(values: Array, dtype: str) -> Array:
    """Return the distance between neighbouring numbers of the element type at each value.

    >>> spacing(np.array([1.0, 0.0]), "float16")
    array([9.76562500e-04, 5.96046448e-08])
    """
    finite = np.where(np.isfinite(values), values, 1.0)
    smallest = _SMALLEST_EXPONENT[dtype]
    exponent = np.frexp(np.maximum(np.abs(finite), 2.0**smallest))[1] - 1
    return np.asarray(np.ldexp(2 * unit_roundoff(dtype), exponent))


def worst(measured: list[Measured]) -> Measured:
    """Return the largest error in each unit, over several comparisons of one element type."""
    return Measured(
        dtype=measured[0].dtype,
        bounds=max(one.bounds for one in measured),
        ulps=max(one.ulps for one in measured),
    )


def _of_special(error: Array, values: Array, want: Array) -> Array:
    """Return 0 for the right special number and infinity for a wrong one, beside other errors."""
    special = ~np.isfinite(want)
    alike = (values == want) | (np.isnan(values) & np.isnan(want))
    error = np.where(special, np.where(alike, 0.0, np.inf), error)
    return np.where(np.isnan(error), np.inf, error)  # NaN compares as neither more nor less


def _quotient(error: Array, limits: Array) -> Array:
    """Return error / limit; where nothing is allowed, 0 for no error and infinity for any."""
    exact = limits == 0
    if not exact.any():
        return np.asarray(error / limits)
    quotient = error / np.where(exact, 1.0, limits)
    return np.where(exact & (error > 0), np.inf, quotient)


def _worst(values: Array, want: Array, limits: Array, quotient: Array, what: str) -> str:
    place = np.unravel_index(int(np.argmax(quotient)), quotient.shape)
    index = tuple(int(i) for i in place)
    wrong = int((quotient > 1).sum())
    return (
        f"{what} is wrong in {wrong} of {want.size} cells; the worst, {index}, is "
        f"{values[place]:.9g}, expected {want[place]:.9g} within {limits[place]:.2g}"
    )
