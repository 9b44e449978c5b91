"""The table of functions: each is NumPy's, in every element type, for special numbers too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases.function_rows import (
    ABSOLUTE,
    ELEMENTWISE,
    MOVING,
    REDUCING,
    REFERENCE,
    RELATIVE,
    SUM,
    WIDER,
    Row,
)
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, REQUIRED_FUNCTIONS, Backend

ROWS = {**ELEMENTWISE, **MOVING, **REDUCING}

# Element types in which a number of the first type may come back from arithmetic.
_NOT_NARROWER = {
    "float16": ("float16", "float32", "float64"),
    "bfloat16": ("bfloat16", "float32", "float64"),
    "float32": ("float32", "float64"),
    "float64": ("float64",),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield every row in float32 and float64, and in half precision what may round in it."""
    yield Case(
        id="functions/contract/all-are-there",
        level="contract",
        op="functions",
        claim="The table has every required function.",
        check=complete,
    )
    for slug in ROWS:
        for dtype in FLOAT_DTYPES:
            if dtype in ("float16", "bfloat16") and slug in MOVING:
                continue
            yield Case(
                id=f"functions/contract/{slug}-{dtype}",
                level="contract",
                op="functions",
                claim="The function gives what NumPy's gives, in the tensor's element type.",
                check=as_numpy,
                arguments=(slug, dtype),
                features=(dtype,),
            )


def complete(backend: Backend) -> None:
    """Look up every required name."""
    missing = [name for name in REQUIRED_FUNCTIONS if not callable(backend.functions.get(name))]
    if missing:
        raise Mismatch(f"`functions` has no {', '.join(map(repr, missing))}")


def as_numpy(backend: Backend, slug: str, dtype: str) -> Measured:
    """Evaluate one row's expression and compare with NumPy's answer in float64.

    A sum or a product of matrices may be off by the bound of a convolution with as many products;
    a function by `FUNCTION_ULPS` roundings; what only compares or moves numbers, not at all.
    """
    row = ROWS[slug]
    arrays = [round_to(array, dtype) for array in row.arrays]
    native = [backend.asarray(array, dtype) for array in arrays]
    with np.errstate(all="ignore"):
        exact = np.asarray(row.expression(REFERENCE, *arrays), np.float64)
        got = np.asarray(backend.to_numpy(row.expression(backend.functions, *native)))
        want = round_to(exact, dtype)
        limits = limits_of(row, arrays, exact, dtype)
    if row.error == WIDER and got.dtype.name in _NOT_NARROWER[dtype]:
        return require_within(got, exact, 0, got.dtype.name, f"{slug!r}")
    # Beyond the largest number of the type only infinity will do.
    want = np.where(np.isfinite(want) & (limits > 0), exact, want)
    return require_within(got, want, limits, dtype, f"{slug!r}")


def limits_of(row: Row, arrays: list[Array], exact: Array, dtype: str) -> Array:
    """Return the largest error of each number of a row's result."""
    units = bounds.FUNCTION_ULPS * bounds.unit_roundoff(dtype)
    if row.error == ABSOLUTE:
        limits = units * np.maximum(1, np.abs(exact))
    elif row.error == RELATIVE:
        limits = units * np.abs(exact)
    elif row.error == SUM:
        absolute = row.expression(REFERENCE, *map(np.abs, arrays))
        # At least as many products as are added, and the division of a mean.
        limits = bounds.conv_bound(absolute, arrays[0].size + 1, dtype)
    else:
        limits = np.zeros_like(exact)
    return np.where(np.isfinite(exact), limits, 0.0)
