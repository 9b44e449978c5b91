"""Keys, draws as arrays, and the comparisons of draws."""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Shape, Tensor


def key_of(backend: Backend, numbers: tuple[int, int]) -> Tensor:
    """Return a key of two numbers."""
    return backend.asarray(np.array(numbers), "int32")


def numbers_of(
    backend: Backend,
    kind: str,
    key: tuple[int, int],
    shape: Shape,
    dtype: str,
    *probability: float,
) -> Array:
    """Return what is drawn with a key, in float64."""
    tensor = backend.random[kind](key_of(backend, key), shape, dtype, *probability)
    return np.array(backend.to_numpy(tensor)).astype(np.float64)


def require_near(found: float, expected: float, deviation: float, what: str) -> None:
    """Raise `Mismatch` where an estimate is more than five standard deviations off."""
    if not abs(found - expected) < 5 * deviation:
        raise Mismatch(
            f"{what} is {found:.6g}; expected {expected:.6g}, and it is "
            f"{abs(found - expected) / deviation:.3g} standard deviations off"
        )


def require_alike(found: Array, expected: Array, what: str) -> None:
    """Raise `Mismatch` where two draws are not the same numbers."""
    if found.shape != expected.shape or not np.array_equal(found, expected):
        raise Mismatch(f"{what} has other numbers than the first, of shape {found.shape}")


def distance(numbers: Array, kind: str) -> float:
    """Return the largest distance of the numbers' distribution function from the right one."""
    in_order = np.sort(numbers.ravel())
    expected = in_order
    if kind == "normal":
        expected = np.array([(1 + erf(x / sqrt(2))) / 2 for x in in_order])
    steps = np.arange(numbers.size + 1) / numbers.size
    return float(max(np.max(expected - steps[:-1]), np.max(steps[1:] - expected)))


def require_uncorrelated(drawn: Sequence[Array]) -> None:
    """Raise `Mismatch` where two draws of one length are correlated."""
    found = np.abs(np.corrcoef(drawn) - np.eye(len(drawn))).max()
    if not found < 5 / sqrt(len(drawn[0])):
        raise Mismatch(f"two draws that should be independent are correlated by {found:.3g}")


def random_case(
    slug: str,
    check: Check,
    claim: str,
    *arguments: object,
    dtype: str = "float32",
    needs: tuple[str, ...] = (),
) -> Case:
    """Return a case about `Backend.random`."""
    return Case(
        id=f"random/contract/{slug}",
        level="contract",
        op="random",
        claim=claim,
        check=check,
        arguments=arguments,
        features=tuple(dict.fromkeys(("random", "float32", dtype, *needs))),
    )
